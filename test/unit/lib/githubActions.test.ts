import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { addSummary, setOutputs } from "../../../lib/githubActions";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("a workflow step", () => {
  const folder = useTemporaryFolder();

  it("appends its outputs and its summary to GitHub's files, and writes nothing outside Actions", async () => {
    const [GITHUB_OUTPUT, GITHUB_STEP_SUMMARY] = [join(folder(), "output"), join(folder(), "summary")];
    for (const env of [
      { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY },
      { GITHUB_OUTPUT: "", GITHUB_STEP_SUMMARY: "" },
    ]) {
      await withEnvironment(env, () => {
        setOutputs({ stack: "dev", images: "[]" });
        setOutputs({ tag: "v1=2" });
        addSummary("# Released");
      });
    }
    assert.equal(readFileSync(GITHUB_OUTPUT, "utf8"), "stack=dev\nimages=[]\ntag=v1=2\n");
    assert.equal(readFileSync(GITHUB_STEP_SUMMARY, "utf8"), "# Released\n");
  });

  it("sets no output with several lines: the second line would set another output", async () => {
    const GITHUB_OUTPUT = join(folder(), "output");
    await withEnvironment({ GITHUB_OUTPUT }, () => {
      for (const bad of ["a\nstack=prod", "a\r"]) {
        assert.throws(() => setOutputs({ good: "1", bad }), /Output bad has several lines: "a\\/);
      }
    });
    assert.equal(existsSync(GITHUB_OUTPUT), false);
  });
});
