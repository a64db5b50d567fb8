import assert from "node:assert/strict";
import { existsSync } from "node:fs";

import { addSummary, setOutputs } from "../../../lib/githubActions";
import { useFiles } from "../../helpers/folderOfFiles";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("a workflow step", () => {
  const files = useFiles();

  it("appends its outputs and its summary to GitHub's files, and writes nothing outside Actions", async () => {
    const inActions = { GITHUB_OUTPUT: files.path("output"), GITHUB_STEP_SUMMARY: files.path("summary") };
    for (const env of [inActions, { GITHUB_OUTPUT: "", GITHUB_STEP_SUMMARY: "" }]) {
      await withEnvironment(env, () => {
        setOutputs({ stack: "dev", images: "[]" });
        setOutputs({ tag: "v1=2" });
        addSummary("# Released");
      });
    }
    assert.equal(files.read("output"), "stack=dev\nimages=[]\ntag=v1=2\n");
    assert.equal(files.read("summary"), "# Released\n");
  });

  it("sets no output with several lines: the second line would set another output", async () => {
    await withEnvironment({ GITHUB_OUTPUT: files.path("output") }, () => {
      for (const bad of ["a\nstack=prod", "a\r"]) {
        assert.throws(() => setOutputs({ good: "1", bad }), /Output bad has several lines: "a\\/);
      }
    });
    assert.equal(existsSync(files.path("output")), false);
  });
});
