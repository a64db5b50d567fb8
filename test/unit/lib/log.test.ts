import assert from "node:assert/strict";
import { mock } from "node:test";

import { formatDuration, log, logHeading, withProgress } from "../../../lib/log";

describe("the log", () => {
  let lines: string[];
  beforeEach(() => {
    lines = [];
    mock.method(console, "error", (line: string) => lines.push(line));
    mock.method(console, "log", () => assert.fail("stdout is for results"));
  });
  afterEach(() => mock.restoreAll());

  it("is on stderr, with the texts aligned", () => {
    logHeading("Releasing v3.66.0");
    log("registry", "localhost:5000");
    assert.deepEqual(lines, ["\nReleasing v3.66.0", "  registry             localhost:5000"]);
  });

  it("shows the progress of a slow task every ten seconds, and its end if it succeeds", async () => {
    mock.timers.enable({ apis: ["setInterval", "Date"] });
    const result = await withProgress("builder", "compiling", (state) => {
      mock.timers.tick(10_000);
      state.text = "3 of 5";
      mock.timers.tick(10_000);
      return Promise.resolve("built");
    });
    await assert.rejects(
      withProgress("builder", "again", () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    mock.timers.tick(60_000);
    mock.timers.reset();
    assert.equal(result, "built");
    const texts = lines.map((line) => line.replace(/^ {2}builder +/, ""));
    assert.deepEqual(texts, ["compiling", "… 10 s", "… 20 s, 3 of 5", "done in 20 s", "again"]);
  });
});

it("formatDuration rounds to seconds", () => {
  const durations = [8400, 59_600, 60_000, 125_000];
  assert.deepEqual(durations.map(formatDuration), ["8 s", "1 min 00 s", "1 min 00 s", "2 min 05 s"]);
});
