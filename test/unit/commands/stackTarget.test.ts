import assert from "node:assert/strict";

import { configureStack } from "../../../commands/stackTarget";
import { captureLog } from "../../helpers/captureLog";
import { useFiles } from "../../helpers/folderOfFiles";
import { isFault } from "../../helpers/isFault";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("configureStack", () => {
  const files = useFiles();

  async function configure(script: string): Promise<unknown> {
    const env = { ...files.writeProgram("pulumi", `echo "$*" >>calls\n${script}`), PULUMI_ORGANIZATION: "acme" };
    const release = { stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" } as const;
    return (await captureLog(() => withEnvironment(env, () => configureStack(release, files.path())))).error;
  }

  it("selects the stack of the organization and sets version and tag", async () => {
    assert.equal(await configure("true"), undefined);
    assert.deepEqual(files.read("calls").trim().split("\n"), [
      "stack select acme/prod --non-interactive",
      "config set-all --plaintext pulumiVersion=3.66.0 --plaintext tag=v3.66.0 --plaintext retag=false --non-interactive",
    ]);
  });

  it("reports a stack that does not exist", async () => {
    const message = /^Could not select stack acme\/prod: error: no stack named prod\nCreate it once: see docs/;
    isFault(message)(await configure("echo error: no stack named prod >&2; exit 255"));
  });
});
