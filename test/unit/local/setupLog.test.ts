import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { logPart } from "../../../local/setupLog";
import { captureLog } from "../../helpers/captureLog";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("the set-up log", () => {
  const folder = useTemporaryFolder();
  const file = () => join(folder(), "setup.log");

  /** Logs a part. Returns the lines. */
  async function logged(verbose: string, reason?: string): Promise<readonly string[]> {
    const log = () => Promise.resolve(logPart("base node", "substitute", reason, file()));
    return (await withEnvironment({ VERBOSE: verbose }, () => captureLog(log))).lines;
  }

  const line = "  base node            substitute";

  it("keeps reasons out of sight, in a file with the time of each", async () => {
    for (const reason of ["first", "second"]) assert.deepEqual(await logged("", reason), [line]);
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z base node: substitute:`;
    assert.match(readFileSync(file(), "utf8"), new RegExp(`^${time} first\n${time} second\n$`));
  });

  it("shows reasons if VERBOSE is set", async () =>
    assert.deepEqual(await logged("1", "no such host"), [line, "                       no such host"]));

  it("writes nothing about a part without a reason", async () => {
    assert.deepEqual(await logged(""), [line]);
    assert.equal(existsSync(file()), false);
  });
});
