import assert from "node:assert/strict";

import fc from "fast-check";

import { compare, toContents } from "../../../../commands/inventory/contents";
import type { Answer } from "../../../../commands/inventory/probes";

const build = { title: "registry/javascript:v3.66.0", platform: "linux/arm64" } as const;
const good = (text: string): Answer => ({ exitCode: 0, text });

describe("the contents of an image", () => {
  it("leave out tools that are not installed, and keep the order of the probes", () => {
    const answers = new Map([
      ["node", good("v24.21.0\n")],
      ["pulumi", good("v3.66.0\n")],
    ]);
    const { tools, hosts, packages } = toContents(build, answers);
    assert.deepEqual(Object.entries(tools), [
      ["pulumi", "3.66.0"],
      ["node", "24.21.0"],
    ]);
    assert.deepEqual([hosts, packages], [[], {}]);
  });

  it("are refused with every probe that fails or prints something unexpected", () => {
    const answers = new Map([
      ["pulumi", good("v3.66.0\n")],
      ["git", { exitCode: 127, text: "git: error while loading shared libraries: libz.so.1\n" }],
      ["node", good("no version\n")],
    ]);
    assert.throws(() => toContents(build, answers), {
      message:
        `The contents of registry/javascript:v3.66.0 for linux/arm64 are unknown: ` +
        `probe git: "git --version" ended with 127: "git: error while loading shared libraries: libz.so.1"; ` +
        `probe node: "node --version" printed "no version", not /^v(\\S+)$/m. Fix commands/inventory/probes.ts.`,
    });
  });

  it("have each language host once, and no other command", () => {
    const text = [
      ...["pulumi", "pulumi-language-yaml", "pulumi-language-python", "pulumi-language-python-exec"],
      ...["pulumi-analyzer-policy", "not-pulumi-language-go", "pulumi-language-yaml"],
    ];
    const { hosts } = toContents(build, new Map([["hosts", good(text.join("\n"))]]));
    assert.deepEqual(hosts, ["python", "yaml"]);
  });

  it("have the installed packages, sorted", () => {
    const text = "ii zlib1g 1:1.3\nrc removed 1.0\nii bash 5.2-2+b1\n";
    const { packages } = toContents(build, new Map([["packages", good(text)]]));
    assert.deepEqual(Object.entries(packages), [
      ["bash", "5.2-2+b1"],
      ["zlib1g", "1:1.3"],
    ]);
  });
});

describe("compare", () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 6 }),
    fc.constantFrom("constructor", "__proto__", "toString", "1"),
  );
  const versions = fc
    .uniqueArray(fc.tuple(name, fc.string({ minLength: 1, maxLength: 8 })), { selector: ([key]) => key, maxLength: 12 })
    .map((entries): Record<string, string> => Object.fromEntries(entries));

  it("finds no difference between anything and itself", () =>
    fc.assert(
      fc.property(versions, (all) => {
        for (const { before, now } of compare(all, structuredClone(all)).values()) assert.equal(before, now);
      }),
    ));

  it("has what both have, by every name of either", () =>
    fc.assert(
      fc.property(versions, versions, (before, now) => {
        const compared = [...compare(before, now)];
        const side = (of: "before" | "now") =>
          compared.flatMap(([key, { [of]: version }]) => (version === undefined ? [] : [[key, version] as const]));
        assert.deepEqual(new Map(side("before")), new Map(Object.entries(before)));
        assert.deepEqual(new Map(side("now")), new Map(Object.entries(now)));
        assert.ok(compared.every(([, { before: old, now: current }]) => old !== undefined || current !== undefined));
      }),
    ));

  it("lists added and changed names in their order, then removed ones", () => {
    assert.deepEqual(
      [...compare({ git: "1", yarn: "2" }, { pnpm: "3", git: "4" })],
      [
        ["pnpm", { before: undefined, now: "3" }],
        ["git", { before: "1", now: "4" }],
        ["yarn", { before: "2", now: undefined }],
      ],
    );
  });
});
