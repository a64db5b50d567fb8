import assert from "node:assert/strict";

import { type RebuildTarget, limitPlatforms } from "../../../../commands/verify/rebuildTargets";
import { catalogue } from "../../../../images/catalogue";
import { ImageStore } from "../../../helpers/imageStore";

const target: RebuildTarget = {
  ...{ language: catalogue[0]!, tag: "v3.66.0", version: "3.66.0", digest: "sha256:1", source: new ImageStore() },
  platforms: ["linux/amd64"],
};

describe("limitPlatforms", () => {
  it("leaves every platform by default", () => assert.deepEqual(limitPlatforms([target], undefined), [target]));

  it("keeps only the selected platforms", () => {
    const both = { ...target, platforms: ["linux/amd64", "linux/arm64"] as const };
    assert.deepEqual(limitPlatforms([both], ["linux/amd64"]), [target]);
  });

  it("refuses a platform that an image does not have", () =>
    assert.throws(() => limitPlatforms([target], ["linux/arm64"]), {
      message:
        `PLATFORMS "linux/arm64" are not among the platforms of ${target.language.name}:v3.66.0, linux/amd64. ` +
        `Use some of these, or omit PLATFORMS.`,
    }));
});
