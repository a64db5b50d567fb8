import assert from "node:assert/strict";
import { existsSync } from "node:fs";

import { logPart } from "../../../local/setupLog";
import { captureLog } from "../../helpers/captureLog";
import { useFiles } from "../../helpers/folderOfFiles";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("the set-up log", () => {
  const files = useFiles();

  async function logged(VERBOSE: string, reason?: string): Promise<readonly string[]> {
    const log = () => Promise.resolve(logPart("base node", "substitute", reason, files.path("setup.log")));
    return (await withEnvironment({ VERBOSE }, () => captureLog(log))).lines;
  }

  const line = "  base node            substitute";

  it("keeps reasons out of sight, in a file with the time of each", async () => {
    for (const reason of ["first", "second"]) assert.deepEqual(await logged("", reason), [line]);
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z base node: substitute:`;
    assert.match(files.read("setup.log"), new RegExp(`^${time} first\n${time} second\n$`));
  });

  it("shows reasons if VERBOSE is set", async () =>
    assert.deepEqual(await logged("1", "no such host"), [line, "                       no such host"]));

  it("writes nothing about a part without a reason", async () => {
    assert.deepEqual(await logged(""), [line]);
    assert.equal(existsSync(files.path("setup.log")), false);
  });
});
