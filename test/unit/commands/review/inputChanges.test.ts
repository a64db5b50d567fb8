import assert from "node:assert/strict";

import { changesInputs, describeInputChanges } from "../../../../commands/review/inputChanges";
import type { ImageInputs, ImageStep } from "../../../../commands/review/pulumiPreview";

const dockerfile = ["FROM debian AS runner", "RUN one", "RUN two", "RUN three", "RUN four", "RUN five"];

function step(name: string, before: ImageInputs, now: ImageInputs, diffs: string[] = []): ImageStep {
  return { name, op: "update", diffs, before: { inputs: before, outputs: {} }, now: { inputs: now, outputs: {} } };
}

describe("the changes of an image's inputs", () => {
  it("leave out what differs with the last release and with who releases", () => {
    const before = { tags: ["a:latest"], registries: [{ password: "1" }], buildArgs: { REPAIR: "since-1", A: "1" } };
    const now = { tags: ["a:v3.64.0"], registries: [{ password: "2" }], buildArgs: { A: "1" } };
    const all = step("yaml-image", before, now, ["tags", "registries", "buildArgs"]);
    assert.equal(changesInputs(all), false);
  });

  it("show a hunk and a value once for the smoke test and the image that share it", async () => {
    const inline = (lines: readonly string[]) => ({ dockerfile: { inline: `${lines.join("\n")}\n` } });
    const changed = ["FROM debian AS runner", "RUN another", ...dockerfile.slice(2)];
    const smoke = ["FROM runner AS smoke", "RUN test"];
    const inputs = (lines: readonly string[], version: string) => ({
      ...inline(lines),
      buildArgs: { VERSION: version },
    });
    const steps = [
      step("yaml-image", inputs(dockerfile, "1"), inputs(changed, "2"), ["dockerfile", "buildArgs"]),
      step("yaml-smoke", inputs([...dockerfile, ...smoke], "1"), inputs([...changed, ...smoke], "2"), [
        "dockerfile",
        "buildArgs",
      ]),
    ];
    assert.deepEqual(await describeInputChanges(steps), [
      " FROM debian AS runner\n-RUN one\n+RUN another\n RUN two\n RUN three\n RUN four",
      '-buildArgs.VERSION: "1"\n+buildArgs.VERSION: "2"',
    ]);
  });

  it("name files of build contexts, whose old content is unknown", async () => {
    const changed = step("yaml-smoke", {}, {}, ["contextHash"]);
    assert.equal(changesInputs(changed), true);
    assert.deepEqual(await describeInputChanges([changed]), ['# files of its build contexts: see "Files changed"']);
  });

  it("are none for an image that is new", async () => {
    const created: ImageStep = { ...step("ruby-image", {}, { platforms: ["linux/amd64"] }), op: "create" };
    assert.equal(changesInputs(created), false);
    assert.deepEqual(await describeInputChanges([created]), []);
  });
});
