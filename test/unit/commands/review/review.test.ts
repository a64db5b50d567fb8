import assert from "node:assert/strict";

import { lastReleased, review } from "../../../../commands/review/review";

const image = (version: string, tag: string) => ({
  type: "docker-build:index:Image",
  inputs: { buildArgs: { PULUMI_VERSION: version }, tags: [`localhost:5000/runner-pulumi-yaml:${tag}`] },
});
const smoke = { type: "docker-build:index:Image", inputs: { buildArgs: { PULUMI_VERSION: "3.70.0" } } };

describe("review", () => {
  it("refuses a stack that is not reviewed", () =>
    assert.rejects(review("local", "/none", "/none"), { message: 'STACK "local" is not one of dev, prod.' }));

  it("previews the version and the tag in the stack's state, whatever tags the repository has", () => {
    const resources = [{ type: "pulumi:pulumi:Stack" }, smoke, image("3.64.0", "latest")];
    assert.deepEqual(lastReleased("prod", resources), { stack: "prod", pulumiVersion: "3.64.0", tag: "latest" });
  });

  it("previews the newest version after a release that ended halfway", () => {
    const resources = [image("3.9.0", "dev-v3.9.0"), image("3.10.0", "dev-v3.10.0")];
    assert.equal(lastReleased("dev", resources).tag, "dev-v3.10.0");
  });

  it("refuses a stack that has released nothing", () => {
    const message = (stack: string, form: string) =>
      `Stack ${stack} has released nothing to compare with. Push a tag ${form}.`;
    assert.throws(() => lastReleased("dev", [smoke]), { message: message("dev", "dev-vX.Y.Z") });
    assert.throws(() => lastReleased("prod", [smoke]), { message: message("prod", "vX.Y.Z") });
  });
});
