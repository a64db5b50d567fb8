import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { logPart } from "../../../local/setupLog";
import { captureLog } from "../../helpers/captureLog";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("the set-up log", () => {
  const folder = useTemporaryFolder();

  /** The lines for a substitute, and the file. */
  async function logSubstitute(verbose: string): Promise<{ lines: readonly string[]; file: string }> {
    const file = join(folder(), "setup.log");
    const { lines } = await withEnvironment({ VERBOSE: verbose }, () =>
      captureLog(() => Promise.resolve(logPart("base node", "substitute", "dial tcp: no such host", file))),
    );
    return { lines, file };
  }

  it("keeps reasons out of sight, in a file with the time of each", async () => {
    const { lines, file } = await logSubstitute("");
    assert.deepEqual(lines, ["  base node            substitute"]);
    await logSubstitute("");
    const written = readFileSync(file, "utf8").trimEnd().split("\n");
    assert.equal(written.length, 2);
    for (const line of written) {
      assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z base node: substitute: dial tcp: no such host$/);
    }
  });

  it("shows reasons if VERBOSE is set", async () => {
    const { lines } = await logSubstitute("1");
    assert.deepEqual(lines, ["  base node            substitute", "                       dial tcp: no such host"]);
  });

  it("writes nothing about a part without a reason", async () => {
    const file = join(folder(), "setup.log");
    await captureLog(() => Promise.resolve(logPart("plugin", "0.0.22, in .local", undefined, file)));
    assert.equal(existsSync(file), false);
  });
});
