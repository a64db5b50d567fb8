import assert from "node:assert/strict";

import { compare, toContents, withProbes } from "../../../../commands/inventory/contents";

const build = { title: "registry/javascript:v3.66.0", platform: "linux/arm64" } as const;

function read(outputs: Readonly<Record<string, string>>) {
  return toContents(build, new Map(Object.entries(outputs).map(([name, text]) => [name, `${text}\n\n0`])));
}

describe("the probes of an image", () => {
  it("run in the target of a build, as its user and without network, and export their answers alone", () => {
    const dockerfile = { inline: "FROM debian AS runner\nUSER 1983\n" };
    const { inputs } = withProbes({ ...build, inputs: { dockerfile, target: "runner", buildArgs: { A: "1" } } });
    const probing = inputs.dockerfile?.inline ?? "";
    assert.match(probing, /^FROM debian AS runner\nUSER 1983\n\nFROM runner AS probed-image\nRUN --network=none /);
    const go = `if command -v go >/dev/null; then { ( go version ) 2>&1; printf '\\n%s' $?; } >go; fi`;
    assert.ok(probing.includes(`\n${go}\n`), probing);
    assert.match(probing, /\nFROM scratch AS answers\nCOPY --from=probed-image \S+ \/\n$/);
    assert.deepEqual([inputs.target, inputs.buildArgs], ["answers", { A: "1" }]);
  });
});

describe("the contents of an image", () => {
  it("leave out tools that are not installed, and keep the order of the probes", () => {
    const contents = read({ node: "v24.21.0", pulumi: "v3.66.0" });
    assert.deepEqual(contents, { tools: { pulumi: "3.66.0", node: "24.21.0" }, hosts: [], packages: {} });
    assert.deepEqual(Object.keys(contents.tools), ["pulumi", "node"]);
  });

  it("are refused with every probe that fails or prints something unexpected", () => {
    const lacking = "git: error while loading shared libraries: libz.so.1";
    const answers = { pulumi: "v3.66.0\n\n0", git: `${lacking}\n\n127`, node: "no version\n\n0" };
    const message =
      `The contents of registry/javascript:v3.66.0 for linux/arm64 are unknown: ` +
      `probe git: "git --version" ended with 127: "${lacking}"; ` +
      `probe node: "node --version" printed "no version", not /^v(\\S+)$/m. Fix commands/inventory/probes.ts.`;
    assert.throws(() => toContents(build, new Map(Object.entries(answers))), { message });
  });

  it("have each language host once, and no other command", () => {
    const commands = [
      ...["pulumi", "pulumi-language-yaml", "pulumi-language-python", "pulumi-language-python-exec"],
      ...["pulumi-analyzer-policy", "not-pulumi-language-go", "pulumi-language-yaml"],
    ];
    assert.deepEqual(read({ hosts: commands.join("\n") }).hosts, ["python", "yaml"]);
  });

  it("have the installed packages, sorted", () => {
    const { packages } = read({ packages: "ii zlib1g 1:1.3\nrc removed 1.0\nii bash-x 1\nii bash 5.2-2+b1\n" });
    const sorted = { bash: "5.2-2+b1", "bash-x": "1", zlib1g: "1:1.3" };
    assert.deepEqual(Object.entries(packages), Object.entries(sorted));
  });
});

it("compare lists added and changed names in their order, then removed ones, whatever every object has", () => {
  const now = JSON.parse(
    '{"pnpm": "3", "constructor": "5", "__proto__": "6", "git": "4", "same": "7"}',
  ) as typeof before;
  const before: Record<string, string> = { git: "1", yarn: "2", toString: "8", same: "7" };
  const texts = [...compare(before, now)].map(([key, { before: old, now: current }]) => `${key} ${old} ${current}`);
  const added = ["pnpm undefined 3", "constructor undefined 5", "__proto__ undefined 6"];
  assert.deepEqual(texts, [...added, "git 1 4", "same 7 7", "yarn 2 undefined", "toString 8 undefined"]);
});
