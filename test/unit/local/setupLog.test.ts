import assert from "node:assert/strict";

import { keepReason } from "../../../local/setupLog";
import { captureLog } from "../../helpers/captureLog";
import { useFiles } from "../../helpers/folderOfFiles";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("the set-up log", () => {
  const files = useFiles();

  async function logged(VERBOSE: string, reason: string): Promise<readonly string[]> {
    const keep = () => Promise.resolve(keepReason("base node", "substitute", reason, files.path("setup.log")));
    return (await withEnvironment({ VERBOSE }, () => captureLog(keep))).lines;
  }

  it("keeps reasons out of sight, in a file with the time of each", async () => {
    for (const reason of ["first", "second"]) assert.deepEqual(await logged("", reason), []);
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z base node: substitute:`;
    assert.match(files.read("setup.log"), new RegExp(`^${time} first\n${time} second\n$`));
  });

  it("shows reasons if VERBOSE is set", async () =>
    assert.deepEqual(await logged("1", "no such host"), ["                       no such host"]));
});
