import assert from "node:assert/strict";

import { lastReleased } from "../../../../commands/review/lastReleased";

const image = (version: string, tag: string) => ({
  type: "docker-build:index:Image",
  inputs: { buildArgs: { PULUMI_VERSION: version }, tags: [`localhost:5000/runner-pulumi-yaml:${tag}`] },
});
const smoke = { type: "docker-build:index:Image", inputs: { buildArgs: { PULUMI_VERSION: "3.70.0" } } };

describe("what a stack has released last", () => {
  it("is the version and the tag in its state, whatever tags the repository has", () => {
    const resources = [{ type: "pulumi:pulumi:Stack" }, smoke, image("3.64.0", "latest")];
    assert.deepEqual(lastReleased("prod", resources), { stack: "prod", pulumiVersion: "3.64.0", tag: "latest" });
  });

  it("is the newest version after a release that ended halfway", () => {
    const resources = [image("3.9.0", "dev-v3.9.0"), image("3.10.0", "dev-v3.10.0")];
    assert.equal(lastReleased("dev", resources).tag, "dev-v3.10.0");
  });

  it("is required", () => {
    for (const [stack, form] of [
      ["dev", "dev-vX.Y.Z"],
      ["prod", "vX.Y.Z"],
    ] as const) {
      assert.throws(() => lastReleased(stack, [smoke]), {
        message: `Stack ${stack} has released nothing to compare with. Push a tag ${form}.`,
      });
    }
  });
});
