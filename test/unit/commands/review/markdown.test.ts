import assert from "node:assert/strict";

import type { VersionChange } from "../../../../commands/inventory/contents";
import type { ImageChange } from "../../../../commands/review/imageChange";
import { type LanguageReview, type Review, reviewMarkdown } from "../../../../commands/review/markdown";

function language(name: string, own: Partial<LanguageReview> = {}): LanguageReview {
  return { language: name, kind: "same", tested: false, change: undefined, hunks: [], ...own };
}

const changed = (name: string, own?: Partial<LanguageReview>) => language(name, { kind: "changed", ...own });

function change(packages: Record<string, VersionChange>, tools: Record<string, VersionChange> = {}): ImageChange {
  const versions = { tools: new Map(Object.entries(tools)), packages: new Map(Object.entries(packages)) };
  return { platform: "linux/amd64", differs: true, size: { before: 84_200_000, now: 84_640_000 }, ...versions };
}

function markdown(languages: LanguageReview[], problems: Review["problems"] = []): string {
  return reviewMarkdown({ stack: "prod", pulumiVersion: "3.64.0", tag: "latest", languages, problems });
}

describe("the text of a review", () => {
  const [java, yaml] = [language("java"), language("yaml")];
  const [python, golang] = [changed("python", { tested: true }), changed("golang", { tested: true })];
  const [added, removed] = [language("ruby", { kind: "new", tested: true }), language("perl", { kind: "removed" })];
  const others = "New: ruby. No longer released: perl; what is published stays.";
  const firstLines: [languages: LanguageReview[], sentence: string][] = [
    [[python, java, yaml], "python changes; java and yaml do not. 1 smoke test passed, 2 did not need to run."],
    [[python, golang, yaml], "python and golang change; yaml does not. 2 smoke tests passed, 1 did not need to run."],
    [[python], "python changes. 1 smoke test passed."],
    [[java, yaml], "No published image changes. No smoke test needed to run."],
    [[yaml, added, removed], `No published image changes. ${others} 1 smoke test passed, 1 did not need to run.`],
  ];
  for (const [languages, sentence] of firstLines) {
    it(`starts with: ${sentence}`, () => {
      const nothing = "Merging publishes nothing: images are published when a tag is pushed.";
      const [first] = markdown(languages).split("\n");
      assert.equal(first, `**Stack prod, Pulumi 3.64.0:** ${sentence} ${nothing}`);
    });
  }

  it("lists sizes, tools and packages of each image that changes", () => {
    const [git, wget] = [
      { before: "1", now: "2" },
      { before: "3", now: undefined },
    ];
    const packages = { git, wget, "python3-yaml": { before: undefined, now: "6.0" } };
    const versions = change(packages, { python: { before: "3.13.5", now: "3.13.6" } });
    const same = { ...change({}), size: { before: 1_000_000, now: 1_010_000 } };
    const text = markdown([changed("python", { change: versions }), changed("java", { change: same })]);
    const table = [
      "| image | compressed, linux/amd64 | tools and packages |",
      "| --- | --- | --- |",
      "| python | 84.2 MB → 84.6 MB | python 3.13.5 → 3.13.6; added python3-yaml 6.0; removed wget 3; updated git 1 → 2 |",
      "| java | 1.0 MB | no version changes, other files do |",
    ];
    assert.ok(text.includes(`\n\n${table.join("\n")}`), text);
  });

  it("says why sizes are unknown, once, and which images only have other inputs", () => {
    const problem = { problem: "docker is not on PATH.\nInstall it." };
    const rebuilt = language("yaml", { kind: "rebuilt", change: { ...change({}), differs: false } });
    const text = markdown([changed("python", { change: problem }), changed("java", { change: problem }), rebuilt]);
    const [first = "", ...sections] = text.split("\n\n");
    assert.match(first, /python and java change; yaml does not\./);
    assert.deepEqual(sections, [
      "Inputs of yaml change, but the digest stays the same.",
      "Packages and sizes are unknown: docker is not on PATH. Install it.",
    ]);
  });

  it("shows a hunk once with the languages that share it", () => {
    const text = markdown([language("java", { hunks: ["+base", "+java"] }), language("yaml", { hunks: ["+base"] })]);
    assert.ok(text.endsWith("\n````````diff\n# java and yaml\n+base\n\n# java\n+java\n````````"), text);
  });

  it("starts with a failed preview, and shows the end of the build's log", () => {
    const heading =
      "**Stack prod, Pulumi 3.64.0:** the preview of python-smoke failed, see below. Nothing was published.";
    const failed = { name: "python-smoke", message: "exit code: 7", output: ["one", "two"] };
    const log = "````````text\none\ntwo\nexit code: 7\n````````";
    assert.equal(markdown([], [failed]), `${heading}\n\n${log}`);
    const refusal = { name: "", message: "latest is never downgraded.", output: [] };
    assert.match(markdown([], [refusal]), /\*\* the preview failed, see below\. .*\n\n````````text\nlatest is never/);
  });

  it("leaves room for another stack's review in one comment", () => {
    const names = [..."abcdef"];
    const long = (text: string) => Array<string>(3000).fill(text).join("\n");
    const packages = [...Array(500).keys()].map((i) => [`p${i}`, { before: "1", now: "2" }] as const);
    const versions = change(Object.fromEntries(packages));
    const reviewed = markdown(names.map((name) => changed(name, { change: versions, hunks: [long(`+${name}`)] })));
    const output = [long("output of the build")];
    const problems = names.map((name) => ({ name, message: "exit code: 1", output }));
    const failed = markdown([], problems);
    for (const text of [reviewed, failed]) {
      assert.ok(text.length <= 30_000, String(text.length));
      assert.match(text, /\n`{8}$/);
    }
    assert.match(reviewed, /and 480 more packages/);
    assert.match(reviewed, /\n# … see "Files changed" for the rest\n/);
    assert.match(failed, /exit code: 1/);
  });
});
