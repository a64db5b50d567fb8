import assert from "node:assert/strict";

import { formatDuration, log, logHeading } from "../../../lib/log";
import { captureLog } from "../../helpers/captureLog";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("the log", () => {
  const logged = (COLUMNS: string, work: () => void) =>
    withEnvironment({ COLUMNS }, async () => (await captureLog(() => Promise.resolve(work()))).lines);

  it("is on stderr, with the texts aligned", async () => {
    const lines = await logged("", () => {
      logHeading("Releasing v3.66.0");
      log("registry", "localhost:5000");
    });
    assert.deepEqual(lines, ["", "Releasing v3.66.0", "  registry             localhost:5000"]);
  });

  it("breaks a line between words if it is wider than COLUMNS, and no path", async () => {
    const path = `/${"folder/".repeat(6)}`;
    const lines = await logged("50", () => log("buildkit", `0.31.0, of the official image, in ${path}`));
    const space = " ".repeat(21);
    assert.deepEqual(lines, [
      "  buildkit             0.31.0, of the official",
      `  ${space}image, in`,
      `  ${space}${path}`,
    ]);
  });
});

it("formatDuration rounds to seconds", () => {
  const durations = [8400, 59_600, 60_000, 125_000];
  assert.deepEqual(durations.map(formatDuration), ["8 s", "1 min 00 s", "1 min 00 s", "2 min 05 s"]);
});
