import assert from "node:assert/strict";
import { mock } from "node:test";

import { type Step, runStep } from "../../../lib/runStep";
import { captureLog } from "../../helpers/captureLog";

describe("a step", () => {
  const texts = async (work: () => Promise<unknown>) =>
    (await captureLog(work)).lines.map((line) => line.replace(/^ {2}builder +/, ""));

  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
  afterEach(() => mock.timers.reset());

  it("leaves a line with what was done, and the time from a second on", async () => {
    const work = (milliseconds: number, done?: string) => (step: Step) => {
      mock.timers.tick(milliseconds);
      if (done !== undefined) step.done = done;
      return Promise.resolve("built");
    };
    const lines = await texts(async () => {
      assert.equal(await runStep("builder", "compiling", work(999)), "built");
      await runStep("builder", "compiling", work(1000, "compiled"));
    });
    assert.deepEqual(lines, ["compiling", "compiled (1 s)"]);
  });

  it("without a terminal, is reported while it runs, and leaves no line if it fails", async () => {
    const lines = await texts(async () => {
      const failing = runStep("builder", "compiling", (step) => {
        mock.timers.tick(3000);
        Object.assign(step, { doing: "compiling: 3 packages", minutes: 1 });
        for (let time = 0; time < 60_000; time += 30_000) mock.timers.tick(30_000);
        return Promise.reject(new Error("broken"));
      });
      await assert.rejects(failing, /broken/);
      mock.timers.tick(60_000);
    });
    assert.deepEqual(lines, [
      "compiling … 3 s",
      "compiling: 3 packages … 33 s of up to 1 min",
      "compiling: 3 packages … 1 min 03 s",
    ]);
  });
});
