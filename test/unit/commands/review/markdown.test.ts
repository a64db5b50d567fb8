import assert from "node:assert/strict";

import type { Comparison } from "../../../../commands/inventory/contents";
import type { ImageChange } from "../../../../commands/review/imageChange";
import { reviewMarkdown } from "../../../../commands/review/markdown";
import type { LanguageReview, Review } from "../../../../commands/review/review";

function language(name: string, own: Partial<LanguageReview> = {}): LanguageReview {
  return { language: name, kind: "same", tested: false, change: undefined, hunks: [], ...own };
}

function change(packages: Record<string, Comparison>, tools: Record<string, Comparison> = {}): ImageChange {
  const versions = { tools: new Map(Object.entries(tools)), packages: new Map(Object.entries(packages)) };
  return { platform: "linux/amd64", differs: true, size: { before: 84_200_000, now: 84_640_000 }, ...versions };
}

function markdown(languages: LanguageReview[], problems: Review["problems"] = []): string {
  return reviewMarkdown({ stack: "prod", pulumiVersion: "3.64.0", tag: "latest", languages, problems });
}

const [java, yaml] = [language("java"), language("yaml")];
const nothing = "Merging publishes nothing: images are published when a tag is pushed.";

describe("the text of a review", () => {
  it("starts with the images that change and those that do not, and the smoke tests that ran", () => {
    const first = (...languages: LanguageReview[]) =>
      markdown(languages)
        .split("\n")[0]
        ?.replace(/^\*\*.*\*\* /, "");
    const python = language("python", { kind: "changed", tested: true });
    const golang = language("golang", { kind: "changed", tested: true });
    const cases: [string | undefined, string][] = [
      [first(python, java, yaml), `python changes; java and yaml do not. 1 smoke test passed, 2 did not have to run.`],
      [
        first(python, golang, yaml),
        `python and golang change; yaml does not. 2 smoke tests passed, 1 did not have to run.`,
      ],
      [first(python), `python changes. 1 smoke test passed.`],
      [first(java, yaml), `No published image changes. No smoke test had to run.`],
      [
        first(yaml, language("ruby", { kind: "new", tested: true }), language("perl", { kind: "removed" })),
        `No published image changes. New: ruby. No longer released: perl; what is published ` +
          `stays. 1 smoke test passed, 1 did not have to run.`,
      ],
    ];
    for (const [line, sentence] of cases) assert.equal(line, `${sentence} ${nothing}`);
    assert.match(markdown([yaml]), /^\*\*Stack prod, Pulumi 3\.64\.0:\*\* No published/);
  });

  it("lists sizes, tools and packages of each image that changes", () => {
    const python = change(
      {
        "python3-yaml": { before: undefined, now: "6.0" },
        git: { before: "1", now: "2" },
        wget: { before: "3", now: undefined },
      },
      { python: { before: "3.13.5", now: "3.13.6" } },
    );
    const same = { ...change({}), size: { before: 1_000_000, now: 1_010_000 } };
    const text = markdown([
      language("python", { kind: "changed", change: python }),
      language("java", { kind: "changed", change: same }),
    ]);
    assert.ok(
      text.includes(
        [
          "| image | compressed, linux/amd64 | tools and packages |",
          "| --- | --- | --- |",
          "| python | 84.2 MB → 84.6 MB | python 3.13.5 → 3.13.6; added python3-yaml 6.0; removed wget 3; updated git 1 → 2 |",
          "| java | 1.0 MB | no version changes, other files do |",
        ].join("\n"),
      ),
      text,
    );
  });

  it("says why sizes are unknown, once, and which images only have other inputs", () => {
    const problem = { problem: "docker is not on PATH.\nInstall it." };
    const text = markdown([
      language("python", { kind: "changed", change: problem }),
      language("java", { kind: "changed", change: problem }),
      language("yaml", { kind: "rebuilt", change: { ...change({}), differs: false } }),
    ]);
    assert.equal(text.match(/Packages and sizes are unknown: docker is not on PATH\. Install it\./g)?.length, 1);
    assert.match(text, /python and java change; yaml does not\./);
    assert.match(text, /\nInputs of yaml change, but the digest stays the same\./);
  });

  it("shows a hunk once with the languages that share it", () => {
    const text = markdown([language("java", { hunks: ["+base", "+java"] }), language("yaml", { hunks: ["+base"] })]);
    assert.ok(text.endsWith("\n````````diff\n# java and yaml\n+base\n\n# java\n+java\n````````"), text);
  });

  it("starts with a failed preview, and shows the end of the build's log", () => {
    const problems = [{ name: "python-smoke", message: "exit code: 7", output: ["one", "two"] }];
    assert.equal(
      markdown([], problems),
      "**Stack prod, Pulumi 3.64.0:** the preview of python-smoke failed, see below. Nothing was published.\n\n" +
        "````````text\none\ntwo\nexit code: 7\n````````",
    );
    const refusal = { name: undefined, message: "latest is never downgraded.", output: [] };
    assert.match(markdown([], [refusal]), /\*\* the preview failed, see below\. .*\n\n````````text\nlatest is never/);
  });

  it("leaves room for another stack's review in one comment", () => {
    const long = (text: string) => Array<string>(3000).fill(text).join("\n");
    const packages = Object.fromEntries(
      [...Array(500).keys()].map((index) => [`p${index}`, { before: "1", now: "2" }]),
    );
    const names = [..."abcdef"];
    const texts = [
      markdown(
        names.map((name) => language(name, { kind: "changed", change: change(packages), hunks: [long(`+${name}`)] })),
      ),
      markdown(
        [],
        names.map((name) => ({ name, message: "exit code: 1", output: [long("output of the build")] })),
      ),
    ];
    for (const text of texts) {
      assert.ok(text.length <= 30_000, String(text.length));
      assert.match(text, /\n`{8}$/);
    }
    assert.match(texts[0] ?? "", /and 480 more packages/);
    assert.match(texts[0] ?? "", /\n# … see "Files changed" for the rest\n/);
    assert.match(texts[1] ?? "", /exit code: 1/);
  });
});
