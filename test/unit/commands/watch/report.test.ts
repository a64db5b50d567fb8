import assert from "node:assert/strict";

import { WatchReport } from "../../../../commands/watch/report";
import { captureLog } from "../../../helpers/captureLog";
import { isFault } from "../../../helpers/isFault";

type Entries = readonly Parameters<WatchReport["add"]>[];

const entries: Entries = [
  ["pushed", "v3.260.0", "0123456789ab"],
  ["dispatch", "v3.259.0", "missing golang, java"],
  ["pushed", "latest-v3.260.0", "0123456789ab"],
  ["waiting", "v3.261.0", "https://example.com:\nit answers 404"],
  ["createdMeanwhile", "v3.259.1", "left unchanged"],
  ["unknown", "v3.259.3", "connection refused"],
];

async function fill(dryRun: boolean, list: Entries = entries): Promise<{ report: WatchReport; logged: string[] }> {
  const report = new WatchReport(dryRun);
  const { lines } = await captureLog(() => Promise.resolve(list.forEach((entry) => report.add(...entry))));
  return { report, logged: lines.map((line) => line.trim().replace(/ +/g, " ")) };
}

describe("WatchReport", () => {
  it("says in Markdown that there is nothing to do", () =>
    assert.equal(new WatchReport(false).toMarkdown(), "## Watch of Pulumi's releases\n\nNothing to do."));

  it("logs each entry at once, lists each kind under a heading, and is not a fault if later runs do the rest", async () => {
    const { report, logged } = await fill(false);
    assert.deepEqual(logged, [
      "v3.260.0 pushed: 0123456789ab",
      "v3.259.0 incomplete, re-released: missing golang, java",
      "latest-v3.260.0 pushed: 0123456789ab",
      "v3.261.0 cannot be built yet, a later run tags it: https://example.com: it answers 404",
      "v3.259.1 created by somebody else meanwhile: left unchanged",
      "v3.259.3 status unknown: connection refused",
    ]);
    assert.deepEqual(report.toMarkdown().split("\n\n"), [
      "## Watch of Pulumi's releases",
      "### Pushed",
      "- `v3.260.0`: 0123456789ab\n- `latest-v3.260.0`: 0123456789ab",
      "### Created by somebody else meanwhile",
      "- `v3.259.1`: left unchanged",
      "### Cannot be built yet, a later run tags it",
      "- `v3.261.0`: https://example.com: it answers 404",
      "### Incomplete, re-released",
      "- `v3.259.0`: missing golang, java",
      "### Status unknown",
      "- `v3.259.3`: connection refused",
    ]);
    report.requireNothingStuck();
  });

  it("claims in a dry run that nothing was done", async () => {
    const { report, logged } = await fill(true);
    const text = report.toMarkdown();
    assert.match(text, /\(dry run\)[^]*### Would be pushed\n[^]*### Incomplete, would be re-released\n/);
    assert.doesNotMatch(text, /### (Pushed|Incomplete, released)/);
    assert.equal(logged[0], "v3.260.0 would be pushed: 0123456789ab");
  });

  const later = "Still cannot be built, more than 6 hours after Pulumi published it:";
  const signature = 'Find out why: docs/maintaining.md, "A signature is refused".';
  const stopped = "Incomplete, failed 3 times in a row, automatic re-release stopped:";
  const runs =
    "Fix what the runs report, then re-release each: gh workflow run release.yml --ref main --field tag=<tag>.";
  for (const [kind, heading, remedy] of [
    ["overdue", later, signature],
    ["failing", stopped, runs],
  ] as const) {
    it(`is a fault if a tag is ${kind}`, async () => {
      const { report } = await fill(false, [...entries, [kind, "v3.262.0", "it answers 404"]]);
      const hint = "To give up a version, add it with the reason to images/withdrawn.json.";
      const message = `${heading}\n  - v3.262.0: it answers 404\n${remedy} ${hint}`;
      assert.throws(() => report.requireNothingStuck(), isFault(message));
    });
  }
});
