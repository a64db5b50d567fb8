import assert from "node:assert/strict";

import { type RebuildTarget, limitPlatforms, requireImageTag } from "../../../../commands/verify/targets";
import { catalogue } from "../../../../images/catalogue";
import { ImageStore } from "../../../helpers/imageStore";
import { isFault } from "../../../helpers/isFault";

describe("requireImageTag", () => {
  it("accepts every release tag and latest", () =>
    assert.deepEqual(["v3.66.0", "dev-v3.66.0", "latest-v3.66.0", "latest"].map(requireImageTag), [
      { tag: "v3.66.0", pulumiVersion: "3.66.0", stack: "prod" },
      { tag: "dev-v3.66.0", pulumiVersion: "3.66.0", stack: "dev" },
      { tag: "latest", pulumiVersion: "3.66.0", stack: "prod" },
      { tag: "latest", stack: "prod" },
    ]));

  for (const text of ["3.66.0", "v3.66", "latest-3.66.0", ""]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const remedy = "Use dev-vX.Y.Z, vX.Y.Z, latest-vX.Y.Z (such as v3.66.0) or latest.";
      const message = `Tag ${JSON.stringify(text)} is not a release tag. ${remedy}`;
      assert.throws(() => requireImageTag(text), isFault(message));
    });
  }
});

describe("limitPlatforms", () => {
  const target: RebuildTarget = {
    ...{ language: catalogue[0]!, tag: "v3.66.0", version: "3.66.0", digest: "sha256:1", source: new ImageStore() },
    platforms: ["linux/amd64"],
  };

  it("keeps only the selected platforms, every one by default", () => {
    const both = { ...target, platforms: ["linux/amd64", "linux/arm64"] as const };
    assert.deepEqual(limitPlatforms([both], ["linux/amd64"]), [target]);
    assert.deepEqual(limitPlatforms([both, target], undefined), [both, target]);
  });

  it("refuses a platform that an image does not have", () => {
    const message =
      `PLATFORMS "linux/arm64" are not among the platforms of ${target.language.name}:v3.66.0, linux/amd64. ` +
      `Use some of these, or omit PLATFORMS.`;
    assert.throws(() => limitPlatforms([target], ["linux/arm64"]), isFault(message));
  });
});
