import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { configureStack } from "../../../commands/stackTarget";
import { captureLog } from "../../helpers/captureLog";
import { isFault } from "../../helpers/isFault";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("configureStack", () => {
  const folder = useTemporaryFolder();

  /** Configures stack prod by a fake pulumi, and returns the error. */
  async function configure(script: string): Promise<unknown> {
    writeFileSync(join(folder(), "pulumi"), `#!/bin/sh\necho "$*" >>calls\n${script}\n`, { mode: 0o755 });
    const env = { PATH: [folder(), process.env["PATH"]].join(delimiter), PULUMI_ORGANIZATION: "acme" };
    const release = { stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" } as const;
    return (await captureLog(() => withEnvironment(env, () => configureStack(release, folder())))).error;
  }

  it("selects the stack of the organization and sets version and tag", async () => {
    assert.equal(await configure("true"), undefined);
    assert.deepEqual(readFileSync(join(folder(), "calls"), "utf8").trim().split("\n"), [
      "stack select acme/prod --non-interactive",
      "config set-all --plaintext pulumiVersion=3.66.0 --plaintext tag=v3.66.0 --non-interactive",
    ]);
  });

  it("reports a stack that does not exist", async () => {
    const message = /^Could not select stack acme\/prod: error: no stack named prod\nCreate it once: see docs/;
    isFault(message)(await configure("echo error: no stack named prod >&2; exit 255"));
  });
});
