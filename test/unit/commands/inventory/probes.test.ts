import assert from "node:assert/strict";

import { toContents } from "../../../../commands/inventory/contents";
import { probes, toolProbes } from "../../../../commands/inventory/probes";
import { catalogue } from "../../../../images/catalogue";

/** Real output of the commands, both streams. */
const answered: readonly (readonly [probe: string, text: string, version: string])[] = [
  ["pulumi", "v3.66.0\n", "3.66.0"],
  ["pulumi", "warning: A new version of Pulumi is available.\nv3.259.0\n", "3.259.0"],
  ["os", "debian 13.7\n", "debian 13.7"],
  ["os", "alpine 3.20.3\n", "alpine 3.20.3"],
  ["ca-certificates", "20250419+deb13u1", "20250419+deb13u1"],
  ["bash", "GNU bash, version 5.2.37(1)-release (x86_64-pc-linux-gnu)\nCopyright (C) 2022\n", "5.2.37"],
  ["git", "git version 2.47.3\n", "2.47.3"],
  ["curl", "curl 8.14.1 (x86_64-pc-linux-gnu) libcurl/8.14.1 OpenSSL/3.5.4\nRelease-Date: 2025-06-04\n", "8.14.1"],
  ["jq", "jq-1.7\n", "1.7"],
  ["jq", "jq-1.8.1\n", "1.8.1"],
  ["ssh", "OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.4 30 Sep 2025\n", "10.0p2"],
  ["ssh", "OpenSSH_9.7p1, LibreSSL 3.8.2\n", "9.7p1"],
  ["node", "v24.21.0\n", "24.21.0"],
  ["npm", "npm warn config production Use `--omit=dev` instead.\n11.21.2\n", "11.21.2"],
  ["yarn", "1.22.22\n", "1.22.22"],
  ["pnpm", "11.28.10\n", "11.28.10"],
  ["bun", "1.4.5\n", "1.4.5"],
  ["corepack", "0.34.7\n", "0.34.7"],
  ["python", "Python 3.13.5\n", "3.13.5"],
  ["pip", "pip 25.1.1 from /usr/lib/python3/dist-packages/pip (python 3.13)\n", "25.1.1"],
  ["poetry", "Poetry (version 2.5.1)\n", "2.5.1"],
  ["uv", "uv 0.13.9 (x86_64-unknown-linux-gnu)\n", "0.13.9"],
  ["gcc", "14.2.0\n", "14.2.0"],
  ["go", "go version go1.27.2 linux/amd64\n", "1.27.2"],
  ["go", "go version go1.28rc1 linux/arm64\n", "1.28rc1"],
  ["dotnet-sdk", "10.0.401\n", "10.0.401"],
  ["java", 'openjdk version "21.0.13.1" 2026-10-20\nOpenJDK Runtime Environment (build 21)\n', "21.0.13.1"],
  ["java", 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "25" 2025-09-16\n', "25"],
  ["javac", "javac 21.0.13.1\n", "21.0.13.1"],
  ["maven", "\u001b[1mApache Maven 3.9.9\u001b[m\nMaven home: /usr/share/maven\n", "3.9.9"],
];

describe("probes", () => {
  for (const [probe, text, version] of answered) {
    it(`read ${probe} ${version}`, () => {
      const { tools } = toContents({ title: "", platform: "linux/arm64" }, new Map([[probe, `${text}\n0`]]));
      assert.deepEqual(tools, { [probe]: version });
    });
  }

  it("have different names that files can have, and a real answer each", () => {
    const names = probes.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[a-z][a-z0-9-]*$/);
    assert.deepEqual(new Set(answered.map(([name]) => name)), new Set(toolProbes.map(({ name }) => name)));
  });
});

describe("each language of the catalogue", () => {
  const toolchains = toolProbes.flatMap(({ toolchain }) => toolchain ?? []);

  // The image for YAML has no toolchain, and full has those of the others.
  for (const { name } of catalogue.filter(({ name, includes }) => name !== "yaml" && includes === undefined)) {
    it(`has a probe of its toolchain: ${name}`, () =>
      assert.ok(toolchains.includes(name), `Add a probe with toolchain "${name}" to commands/inventory/probes.ts.`));
  }

  it("is in the catalogue if a probe names it", () => {
    const names = catalogue.map(({ name }) => name);
    assert.ok(toolchains.every((toolchain) => names.includes(toolchain)));
  });
});
