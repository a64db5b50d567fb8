import assert from "node:assert/strict";

import fc from "fast-check";

import { askImage, buildctl, buildx } from "../../../commands/inventory/builder";
import { type Contents, readContents } from "../../../commands/inventory/contents";
import { type Change, changes, difference } from "../../../commands/inventory/difference";
import { tagBefore } from "../../../commands/inventory/find";
import {
  beforeLines,
  changeRows,
  inventoryMarkdown,
  toolRows,
  versionRows,
} from "../../../commands/inventory/markdown";
import type { Before, ImageInventory, Manifest } from "../../../commands/inventory/model";
import { type Answer, probes } from "../../../commands/inventory/probes";
import { catalogue } from "../../../images/catalogue";
import type { Platform } from "../../../images/platform";

const [amd64, arm64] = ["linux/amd64", "linux/arm64"] as const;

/** What images answer, each on both streams as the real command does. */
const answered: readonly (readonly [probe: string, text: string, version: string])[] = [
  ["pulumi", "v3.66.0\n", "3.66.0"],
  ["pulumi", "warning: A new version of Pulumi is available.\nv3.259.0\n", "3.259.0"],
  ["os", "Debian GNU/Linux 13 (trixie)\n", "Debian GNU/Linux 13 (trixie)"],
  ["os", "Alpine Linux v3.20\n", "Alpine Linux v3.20"],
  ["debian", "13.7\n", "13.7"],
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
  ["corepack", "0.34.7\n", "0.34.7"],
  ["python", "Python 3.13.5\n", "3.13.5"],
  ["pip", "pip 25.1.1 from /usr/lib/python3/dist-packages/pip (python 3.13)\n", "25.1.1"],
  ["go", "go version go1.27.2 linux/amd64\n", "1.27.2"],
  ["go", "go version go1.28rc1 linux/arm64\n", "1.28rc1"],
  ["dotnet-sdk", "10.0.401\n", "10.0.401"],
  ["java", 'openjdk version "21.0.13.1" 2026-10-20\nOpenJDK Runtime Environment (build 21)\n', "21.0.13.1"],
  ["java", 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "25" 2025-09-16\n', "25"],
  ["javac", "javac 21.0.13.1\n", "21.0.13.1"],
  ["maven", "\u001b[1mApache Maven 3.9.9\u001b[m\nMaven home: /usr/share/maven\n", "3.9.9"],
];

const good = (text: string): Answer => ({ exitCode: 0, text });

function contents(tools: Record<string, string>, packages: Record<string, string> = {}, hosts = ["yaml"]): Contents {
  return { tools, hosts, packages };
}

function image(platforms: ImageInventory["platforms"], base?: string): ImageInventory {
  const digest = `sha256:${"0".repeat(64)}`;
  const ofBase = base === undefined ? {} : { base: { name: base, digest } };
  return { reference: `localhost/runner@${digest}`, digest, ...ofBase, platforms };
}

function manifestOf(images: Record<string, ImageInventory>, tag = "v3.66.0"): Manifest {
  return { version: "3.66.0", tag, images };
}

describe("manifest", () => {
  describe("probes", () => {
    for (const [probe, text, version] of answered) {
      it(`reads ${probe} ${version}`, () => {
        assert.deepEqual(readContents("image", new Map([[probe, good(text)]])).tools, { [probe]: version });
      });
    }

    it("has a real answer for each probe above", () => {
      const known = new Set([...answered.map(([probe]) => probe), "hosts", "packages"]);
      assert.deepEqual(
        probes.filter(({ name }) => !known.has(name)),
        [],
      );
    });

    it("names files of their own", () => {
      const names = probes.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      for (const name of names) assert.match(name, /^[a-z][a-z0-9-]*$/);
    });

    it("leaves out what is not there, and keeps the order of the probes", () => {
      const answers = new Map([
        ["node", good("v24.21.0\n")],
        ["pulumi", good("v3.66.0\n")],
      ]);
      const { tools, hosts, packages } = readContents("image", answers);
      assert.deepEqual(Object.entries(tools), [
        ["pulumi", "3.66.0"],
        ["node", "24.21.0"],
      ]);
      assert.deepEqual([hosts, packages], [[], {}]);
    });

    it("names every probe that fails or says something else", () => {
      const answers = new Map([
        ["pulumi", good("v3.66.0\n")],
        ["git", { exitCode: 127, text: "git: error while loading shared libraries: libz.so.1\n" }],
        ["node", good("no version\n")],
      ]);
      assert.throws(() => readContents("registry/javascript:v3.66.0 for linux/arm64", answers), {
        message:
          `registry/javascript:v3.66.0 for linux/arm64 does not tell what is inside: ` +
          `probe git: "git --version" ended with 127: "git: error while loading shared libraries: libz.so.1"; ` +
          `probe node: "node --version" said "no version", which is not /^v(\\S+)$/m. Mend ci/manifest/probes.ts.`,
      });
    });

    it("takes hosts for hosts, and each of them once", () => {
      const text = [
        ...["pulumi", "pulumi-language-yaml", "pulumi-language-python", "pulumi-language-python-exec"],
        ...["pulumi-analyzer-policy", "not-pulumi-language-go", "pulumi-language-yaml"],
      ];
      const { hosts } = readContents("image", new Map([["hosts", good(text.join("\n"))]]));
      assert.deepEqual(hosts, ["python", "yaml"]);
    });

    it("takes for packages what is installed, sorted", () => {
      const text = "ii zlib1g 1:1.3\nrc removed 1.0\nii bash 5.2-2+b1\n";
      const { packages } = readContents("image", new Map([["packages", good(text)]]));
      assert.deepEqual(Object.entries(packages), [
        ["bash", "5.2-2+b1"],
        ["zlib1g", "1:1.3"],
      ]);
    });
  });

  describe("the release before", () => {
    const tags = [
      "v3.9.0",
      "v3.64.0",
      "v3.66.0",
      "v3.100.0",
      "latest",
      "dev-v3.65.0",
      "dev-v3.2.0",
      "v3.65.0-rc.1",
      "x",
    ];
    const cases: [tag: string, version: string, before: string | undefined][] = [
      ["v3.66.0", "3.66.0", "v3.64.0"],
      ["v3.101.0", "3.101.0", "v3.100.0"],
      ["v3.64.0", "3.64.0", "v3.9.0"],
      ["v3.9.0", "3.9.0", undefined],
      ["latest", "3.66.0", "v3.64.0"],
      ["dev-v3.66.0", "3.66.0", "dev-v3.65.0"],
      ["dev-v3.2.0", "3.2.0", undefined],
    ];
    for (const [tag, pulumiVersion, before] of cases) {
      it(`of ${tag} for Pulumi ${pulumiVersion} is ${before}`, () =>
        assert.equal(tagBefore({ tag, pulumiVersion }, tags), before));
    }

    it("is none in an empty repository", () =>
      assert.equal(tagBefore({ tag: "latest", pulumiVersion: "3.66.0" }, []), undefined));
  });

  describe("difference", () => {
    const value = fc.string({ minLength: 1, maxLength: 8 });
    const name = fc.oneof(
      fc.string({ minLength: 1, maxLength: 6 }),
      fc.constantFrom("constructor", "__proto__", "toString", "1"),
    );
    const values = fc
      .uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 12 })
      .map((entries): Record<string, string> => Object.fromEntries(entries));
    const some = fc.record({ tools: values, packages: values, hosts: fc.uniqueArray(value) });
    const images = fc
      .tuple(some, some, fc.constantFrom<readonly Platform[]>([amd64], [arm64], [amd64, arm64]))
      .map(([first, second, platforms]) =>
        image(Object.fromEntries(platforms.map((platform, index) => [platform, index === 0 ? first : second]))),
      );

    it("of anything with itself is empty", () =>
      fc.assert(
        fc.property(images, (any) => {
          for (const { tools, packages } of Object.values(difference(any, structuredClone(any)))) {
            assert.deepEqual([tools, packages], [[], []]);
          }
        }),
      ));

    it("turns what was before into what is now, and names nothing that is the same", () =>
      fc.assert(
        fc.property(values, values, (before, now) => {
          const found = changes(before, now);
          assert.deepEqual(apply(before, found), new Map(Object.entries(now)));
          for (const change of found) assert.notEqual(change.before, change.now);
        }),
      ));

    function apply(before: Record<string, string>, found: readonly Change[]): Map<string, string> {
      const applied = new Map(Object.entries(before));
      for (const { name: key, now } of found) {
        if (now === undefined) applied.delete(key);
        else applied.set(key, now);
      }
      return applied;
    }

    it("names changed, new and removed tools, hosts and the base", () => {
      const before = image({ [amd64]: contents({ pulumi: "3.64.0", git: "2.47.3", yarn: "1.22.22" }) }, "debian:12");
      const now = image({ [amd64]: contents({ pulumi: "3.66.0", git: "2.47.3", pnpm: "11" }, {}, ["go", "yaml"]) });
      assert.deepEqual(difference(before, now)[amd64]?.tools, [
        { name: "pulumi", before: "3.64.0", now: "3.66.0" },
        { name: "pnpm", before: undefined, now: "11" },
        { name: "hosts", before: "yaml", now: "go, yaml" },
        { name: "base", before: `debian:12@sha256:${"0".repeat(64)}`, now: undefined },
        { name: "yarn", before: "1.22.22", now: undefined },
      ]);
    });

    it("compares platforms that both have", () => {
      const before = image({ [amd64]: contents({ pulumi: "3.64.0" }) });
      const now = image({ [amd64]: contents({ pulumi: "3.64.0" }), [arm64]: contents({ pulumi: "3.66.0" }) });
      assert.deepEqual(difference(before, now), { [amd64]: { tools: [], packages: [] } });
    });

    it("does not take an image without a list of packages for one without packages", () => {
      const [alpine, debian] = [contents({ git: "1" }), contents({ git: "1" }, { git: "1:1-1" })];
      assert.deepEqual(difference(image({ [amd64]: alpine }), image({ [amd64]: debian }))[amd64]?.packages, []);
      assert.deepEqual(difference(image({ [amd64]: debian }), image({ [amd64]: alpine }))[amd64]?.packages, []);
    });
  });

  describe("tables", () => {
    const javascript = image({
      [amd64]: contents({ pulumi: "3.66.0", node: "24.21.0" }, { git: "1" }),
      [arm64]: contents({ pulumi: "3.66.0", node: "24.20.0" }, { git: "1" }),
    });
    const python = image({
      [amd64]: contents({ pulumi: "3.66.0", python: "3.13.5" }, { git: "1", libc6: "2" }),
      [arm64]: contents({ pulumi: "3.66.0" }, { git: "1", libc6: "2" }),
    });
    const manifest = manifestOf({ javascript, python });

    it("show platforms that agree once, and say where they differ", () => {
      assert.deepEqual(toolRows(manifest), [
        { tool: "pulumi", javascript: "3.66.0", python: "3.66.0" },
        { tool: "hosts", javascript: "yaml", python: "yaml" },
        { tool: "node", javascript: "24.21.0 (linux/amd64), 24.20.0 (linux/arm64)", python: "" },
        { tool: "python", javascript: "", python: "3.13.5 (linux/amd64), none (linux/arm64)" },
        { tool: "packages", javascript: "1", python: "2" },
      ]);
    });

    it("name the images of each version", () => {
      assert.deepEqual(versionRows(manifest), [
        { tool: "pulumi", version: "3.66.0", images: "all" },
        { tool: "hosts", version: "yaml", images: "all" },
        { tool: "node", version: "24.21.0", images: "javascript (linux/amd64)" },
        { tool: "node", version: "24.20.0", images: "javascript (linux/arm64)" },
        { tool: "python", version: "3.13.5", images: "python (linux/amd64)" },
        { tool: "packages", version: "1", images: "javascript" },
        { tool: "packages", version: "2", images: "python" },
      ]);
    });

    it("name the images of each change", () => {
      const old = (tools: Record<string, string>): Before => ({
        tag: "v3.64.0",
        image: image({ [amd64]: contents({ pulumi: "3.64.0", ...tools }), [arm64]: contents({ pulumi: "3.64.0" }) }),
      });
      const before = { javascript: old({ node: "24.21.0" }), python: old({ python: "3.13.4" }) };
      assert.deepEqual(changeRows("tools", manifest, before), [
        { tool: "pulumi", before: "3.64.0", now: "3.66.0", images: "all" },
        { tool: "node", before: "none", now: "24.20.0", images: "javascript (linux/arm64)" },
        { tool: "python", before: "3.13.4", now: "3.13.5", images: "python (linux/amd64)" },
      ]);
    });

    it("say what each image is compared with", () => {
      const before: Record<string, Before> = {
        javascript: { tag: "v3.64.0", image: image({ [amd64]: contents({ pulumi: "3.64.0" }) }) },
        python: { tag: "v3.63.0", untold: "it cannot be run:\nno sh" },
      };
      assert.deepEqual(beforeLines(manifest, before), [
        "javascript (linux/amd64): compared with v3.64.0, which lists no Debian packages",
        "javascript (linux/arm64): first release, v3.64.0 does not have it",
        "python: not compared with v3.63.0: it cannot be run: no sh",
      ]);
      assert.deepEqual(beforeLines(manifest, {}), ["all: first release"]);
    });

    it("say so where no tool has changed, and not where nothing is compared", () => {
      const same = { javascript: { tag: "v3.64.0", image: javascript }, python: undefined };
      assert.match(inventoryMarkdown(manifest, same), /\nNo tool has changed\.$/);
      assert.match(inventoryMarkdown(manifest, {}), /\n- all: first release$/);
    });

    it("say which version latest is", () => {
      assert.match(inventoryMarkdown(manifest, {}), /^## Inside v3\.66\.0\n/);
      assert.match(
        inventoryMarkdown(manifest, {}),
        /\n- base of all: not told by labels\n(- localhost\/runner@sha256:0{64} for linux\/amd64, linux\/arm64\n){2}/,
      );
      assert.match(
        inventoryMarkdown(manifestOf({ python }, "latest"), {}),
        /^## Inside latest, which is Pulumi 3\.66\.0\n/,
      );
    });

    it("stay under GitHub's limit of release notes, however many packages have changed", () => {
      const packages = (version: string) =>
        Object.fromEntries([...Array(2000).keys()].map((index) => [`package-${index}`, `${version}.${index}`]));
      const names = catalogue.map(({ name }) => name);
      const of = (version: string) =>
        image({
          [amd64]: contents({ pulumi: "1" }, packages(version)),
          [arm64]: contents({ pulumi: "1" }, packages(version)),
        });
      const now = manifestOf(Object.fromEntries(names.map((name) => [name, of("2")])));
      const before = Object.fromEntries(names.map((name) => [name, { tag: "v3.64.0", image: of("1") }]));
      const markdown = inventoryMarkdown(now, before);
      assert.match(markdown, /Debian packages that have changed: 2000\n/);
      assert.match(markdown, /\| package-0 \| 1\.0 \| 2\.0 \| all \|/);
      assert.match(markdown, /\nand 1980 more\.$/);
      // https://docs.github.com/en/rest/releases/releases#create-a-release; a job summary may have 1 MiB.
      assert.ok(markdown.length < 125_000);
    });
  });

  it("says so where the builder's program is not there", async () => {
    const reference = `localhost:1/none@sha256:${"0".repeat(64)}`;
    const message =
      /^no-such-program is not on PATH, and images are run by it here\. Install it, or set BUILDKIT_HOST\.$/;
    await assert.rejects(askImage(buildctl("no-such-program", "unix:///none"), reference, amd64), { message });
    await assert.rejects(askImage(buildx("none", ["no-such-program"]), reference, amd64), { message });
  });
});
