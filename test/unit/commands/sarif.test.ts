import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openGitHub } from "../../../lib/github";
import { findingsFromEnvironment, uploadSarif } from "../../../commands/sarif";
import { GitHub } from "../../fakes/github";

describe("the findings of a scan", () => {
  let folder: string;
  let gitHub: GitHub;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sarif-"));
    gitHub = await GitHub.start("of the workflow");
  });
  after(() => {
    gitHub.stop();
    rmSync(folder, { recursive: true });
  });

  const report = (text: string, category: string) => {
    const file = join(folder, "findings.sarif");
    writeFileSync(file, text);
    const octokit = openGitHub({ url: gitHub.url, token: "of the workflow" });
    return uploadSarif(octokit, "owner/runner-pulumi", { file, category, commit: "c0ffee", ref: "refs/heads/main" });
  };

  it("are reported for what was scanned, so that one report does not replace another's", async () => {
    await report('{"version":"2.1.0","runs":[{"results":[{"ruleId":"CVE-1"}]}]}', "golang-linux/arm64");
    assert.deepEqual(gitHub.sarifs, [
      {
        commit: "c0ffee",
        ref: "refs/heads/main",
        sarif: {
          version: "2.1.0",
          runs: [{ results: [{ ruleId: "CVE-1" }], automationDetails: { id: "golang-linux/arm64/" } }],
        },
      },
    ]);
  });

  it("are refused where they are none", () =>
    assert.rejects(report("<html>", "golang"), /findings\.sarif is no SARIF: .*Look what the scanner says\./));

  it("are asked for by name where the environment lacks some", () =>
    assert.throws(() => findingsFromEnvironment({ SARIF: "x", GITHUB_SHA: "y" }), {
      message: "CATEGORY, GITHUB_REF not set. A workflow sets them; give them to report findings by hand.",
    }));
});
