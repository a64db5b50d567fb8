import assert from "node:assert/strict";

import type { ImageInputs } from "../../../../commands/builder";
import { changesInputs, describeInputChanges } from "../../../../commands/review/inputChanges";
import type { ImageStep } from "../../../../commands/review/pulumiPreview";

function step(before: ImageInputs, now: ImageInputs, diffs: string[] = []): ImageStep {
  const [old, current] = [before, now].map((inputs) => ({ inputs, outputs: {} }));
  return { type: "", urn: "", op: "update", diffs, old: old ?? null, new: current ?? null };
}

describe("the changes of an image's inputs", () => {
  it("leave out what differs with the last release and with who releases", () => {
    const before = { tags: ["a:latest"], registries: [{ password: "1" }], buildArgs: { PUSHES_AGAIN: "1", A: "1" } };
    const now = { registries: [{ password: "2" }], buildArgs: { A: "1" } };
    assert.equal(changesInputs(step(before, now, ["tags", "registries", "buildArgs"])), false);
  });

  it("show a hunk and a value once for the smoke test and the image that share it", async () => {
    const inputs = (command: string, version: string, ...rest: string[]) => {
      const lines = ["FROM debian AS runner", `RUN ${command}`, "RUN 2", "RUN 3", "RUN 4", "RUN 5", ...rest];
      return { dockerfile: { inline: `${lines.join("\n")}\n` }, buildArgs: { VERSION: version } };
    };
    const smoke = ["FROM runner AS smoke", "RUN test"];
    const steps = [
      step(inputs("one", "1"), inputs("another", "2")),
      step(inputs("one", "1", ...smoke), inputs("another", "2", ...smoke)),
    ];
    assert.deepEqual(await describeInputChanges(steps), [
      " FROM debian AS runner\n-RUN one\n+RUN another\n RUN 2\n RUN 3\n RUN 4",
      '-buildArgs.VERSION: "1"\n+buildArgs.VERSION: "2"',
    ]);
  });

  it("name files of build contexts, whose old content is unknown", async () => {
    const changed = step({}, {}, ["contextHash"]);
    assert.equal(changesInputs(changed), true);
    assert.deepEqual(await describeInputChanges([changed]), ['# files of its build contexts: see "Files changed"']);
  });

  it("are none for an image that is new", async () => {
    const created: ImageStep = { ...step({}, { platforms: ["linux/amd64"] }), op: "create" };
    assert.equal(changesInputs(created), false);
    assert.deepEqual(await describeInputChanges([created]), []);
  });
});
