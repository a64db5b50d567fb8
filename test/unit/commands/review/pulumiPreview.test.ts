import assert from "node:assert/strict";

import { readEvents } from "../../../../commands/review/pulumiPreview";
import { captureLog } from "../../../helpers/captureLog";

const urn = "urn:pulumi:dev::runner-pulumi::runner-pulumi:images:SmokeTest$docker-build:index:Image::python-smoke";
const message = (text: string, severity = "info") => ({ diagnosticEvent: { urn, message: `${text}\n`, severity } });

/** Reads events in the form of pulumi 3.259.0; a text is a line that is not an event. */
async function read(...events: readonly (object | string)[]) {
  const lines = events.map((event) => (typeof event === "string" ? event : JSON.stringify(event)));
  return readEvents(lines);
}

describe("the events of a preview", () => {
  it("have a step for each image", async () => {
    const image = { op: "update", urn, type: "docker-build:index:Image", old: null, new: null, diffs: ["dockerfile"] };
    const other = { op: "same", urn: "a::b", type: "runner-pulumi:images:SmokeTest" };
    const events = [other, image].map((metadata) => ({ resourcePreEvent: { metadata } }));
    assert.deepEqual((await read(...events, {})).steps, new Map([["python-smoke", image]]));
  });

  it("log each build step once, and neither cached details nor the builder's own work", async () => {
    const steps = ["#1 [internal] load", "#2 [smoke 1/2] RUN  true", "#2 [smoke 1/2] RUN  true", "#2 CACHED", ""];
    const events = steps.map((text) => message(text));
    const { lines } = await captureLog(async () => assert.equal((await read(...events)).messages.length, 4));
    assert.match(lines.join("\n"), /^ *python-smoke +\[smoke 1\/2\] RUN true$/);
  });

  it("give an error with the end of its build's output", async () => {
    const output = [...Array(40).keys()].map((line) => `line ${line}`);
    const { problems } = await read(
      ...output.map((line) => message(`#3 0.1 ${line}`)),
      message("Preview failed: exit code: 7", "error"),
      { diagnosticEvent: { message: "preview failed\n", severity: "error" } },
    );
    const failed = { name: "python-smoke", message: "Preview failed: exit code: 7", output: output.slice(-30) };
    assert.deepEqual(problems, [failed]);
  });

  it("leave out debug messages, and keep lines that are not events", async () => {
    const { messages } = await read(message("internals", "debug"), "a plugin prints this");
    assert.deepEqual(messages, ["a plugin prints this"]);
  });
});
