import assert from "node:assert/strict";

import { WatchReport } from "../../../../commands/watch/report";
import { Fault } from "../../../../lib/errors";
import { captureLog } from "../../../helpers/captureLog";

async function fill(report: WatchReport): Promise<readonly string[]> {
  const { lines } = await captureLog(() => {
    report.add("pushed", "v3.260.0", "0123456789ab");
    report.add("dispatch", "v3.259.0", "missing golang, java");
    report.add("pushed", "latest-v3.260.0", "0123456789ab");
    report.add("waiting", "v3.261.0", "https://example.com:\nit answers 404");
    report.add("createdMeanwhile", "v3.259.1", "left unchanged");
    report.add("unknown", "v3.259.3", "connection refused");
    return Promise.resolve();
  });
  return lines;
}

async function withEntries(...entries: Parameters<WatchReport["add"]>[]): Promise<WatchReport> {
  const report = new WatchReport(false);
  await captureLog(() => {
    for (const entry of entries) report.add(...entry);
    return Promise.resolve();
  });
  return report;
}

describe("WatchReport", () => {
  it("logs each entry at once", async () =>
    assert.deepEqual(
      (await fill(new WatchReport(false))).map((line) => line.trim().replace(/ +/g, " ")),
      [
        "v3.260.0 pushed: 0123456789ab",
        "v3.259.0 incomplete, released again: missing golang, java",
        "latest-v3.260.0 pushed: 0123456789ab",
        "v3.261.0 cannot be built yet, a later run tags it: https://example.com: it answers 404",
        "v3.259.1 created by somebody else meanwhile: left unchanged",
        "v3.259.3 status unknown: connection refused",
      ],
    ));

  it("says in Markdown that there is nothing to do", () =>
    assert.equal(new WatchReport(false).toMarkdown(), "## Watch of Pulumi's releases\n\nNothing to do."));

  it("lists the entries of each kind under a heading", async () => {
    const report = new WatchReport(false);
    await fill(report);
    assert.equal(
      report.toMarkdown(),
      `## Watch of Pulumi's releases

### Pushed

- \`v3.260.0\`: 0123456789ab
- \`latest-v3.260.0\`: 0123456789ab

### Created by somebody else meanwhile

- \`v3.259.1\`: left unchanged

### Cannot be built yet, a later run tags it

- \`v3.261.0\`: https://example.com: it answers 404

### Incomplete, released again

- \`v3.259.0\`: missing golang, java

### Status unknown

- \`v3.259.3\`: connection refused`,
    );
  });

  it("claims in a dry run that nothing was done", async () => {
    const report = new WatchReport(true);
    const lines = await fill(report);
    const text = report.toMarkdown();
    assert.match(text, /\(dry run\)[^]*### Would be pushed\n[^]*### Incomplete, would be released again\n/);
    assert.doesNotMatch(text, /### (Pushed|Incomplete, released)/);
    assert.match(lines.join("\n"), /v3\.260\.0 +would be pushed: /);
  });

  it("has no fault if later runs do the rest", async () => {
    const report = new WatchReport(false);
    await fill(report);
    report.requireNothingStuck();
  });

  it("is a fault if a version cannot be built for too long", async () => {
    const report = await withEntries(["overdue", "v3.261.0", "it answers 404"]);
    assert.throws(
      () => {
        report.requireNothingStuck();
      },
      new Fault(
        "Still cannot be built, more than 6 hours after Pulumi published it:\n  - v3.261.0: it answers 404\n" +
          'Find out why: docs/maintaining.md, "A signature is refused". ' +
          "To give up a version, add it with the reason to images/withdrawn.json.",
      ),
    );
  });

  it("is a fault if a release keeps failing", async () => {
    const report = await withEntries(["failing", "v3.259.2", "missing golang; https://example.com/9"]);
    assert.throws(
      () => {
        report.requireNothingStuck();
      },
      new Fault(
        "Incomplete, failed 3 times in a row, automatic re-release stopped:\n" +
          "  - v3.259.2: missing golang; https://example.com/9\n" +
          "Fix what the runs report, then release each again: gh workflow run release.yml --ref main --field tag=<tag>. " +
          "To give up a version, add it with the reason to images/withdrawn.json.",
      ),
    );
  });
});
