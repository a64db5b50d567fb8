import assert from "node:assert/strict";

import { PreviewEvents } from "../../../../commands/review/pulumiPreview";
import { captureLog } from "../../../helpers/captureLog";

const urn = "urn:pulumi:dev::runner-pulumi::runner-pulumi:images:SmokeTest$docker-build:index:Image::python-smoke";

/** Events in the form of pulumi 3.259.0. */
const image = (op: string, diffs: string[] | null) => ({
  resourcePreEvent: {
    metadata: { op, urn, type: "docker-build:index:Image", old: null, new: { inputs: {}, outputs: {} }, diffs },
  },
});
const message = (text: string, severity = "info") => ({ diagnosticEvent: { urn, message: `${text}\n`, severity } });

async function collect(lines: readonly (object | string)[]) {
  const events = new PreviewEvents();
  const log = await captureLog(() => {
    for (const line of lines) events.add(typeof line === "string" ? line : JSON.stringify(line));
    return Promise.resolve();
  });
  return { events, logged: log.lines.map((line) => line.trim().replace(/ +/g, " ")) };
}

describe("the events of a preview", () => {
  it("name each image with its operation and the properties that differ", async () => {
    const other = {
      resourcePreEvent: { metadata: { op: "same", urn: "a::b", type: "runner-pulumi:images:SmokeTest" } },
    };
    const { events } = await collect([other, image("update", ["buildArgs.A", "buildArgs.B", "dockerfile"]), {}]);
    const [step, ...more] = events.steps.values();
    assert.deepEqual(more, []);
    assert.deepEqual([step?.name, step?.op, step?.diffs], ["python-smoke", "update", ["buildArgs", "dockerfile"]]);
  });

  it("log each build step once, and neither cached details nor the builder's own work", async () => {
    const steps = ["#1 [internal] load", "#2 [smoke 1/2] RUN  true", "#2 [smoke 1/2] RUN  true", "#2 CACHED", ""];
    const { events, logged } = await collect(steps.map((text) => message(text)));
    assert.deepEqual(logged, ["python-smoke [smoke 1/2] RUN true"]);
    assert.equal(events.messages.length, 4);
  });

  it("give an error with the end of its build's output", async () => {
    const lines = [...Array(40).keys()].map((line) => message(`#3 0.${line} line ${line}`));
    const failed = [
      message("Preview failed: exit code: 7", "error"),
      { diagnosticEvent: { message: "preview failed\n", severity: "error" } },
    ];
    const { events } = await collect([...lines, ...failed]);
    const [problem, ...more] = events.problems();
    assert.deepEqual(more, []);
    assert.deepEqual([problem?.name, problem?.message], ["python-smoke", "Preview failed: exit code: 7"]);
    assert.deepEqual([problem?.output.length, problem?.output.at(-1)], [30, "line 39"]);
  });

  it("leave out debug messages, and keep lines that are not events", async () => {
    const { events } = await collect([message("internals", "debug"), "a plugin prints this"]);
    assert.deepEqual(events.messages, ["a plugin prints this"]);
  });
});
