import assert from "node:assert/strict";

import { declareRebuild } from "../../../../commands/verify/rebuild";
import { catalogue } from "../../../../images/catalogue";
import { ImageStore } from "../../../helpers/imageStore";
import { Recorder } from "../../../helpers/mocks";

describe("declareRebuild", () => {
  it("builds only the published image, without cache, on any builder", async () => {
    const recorder = new Recorder();
    await recorder.install("rebuild");
    const language = catalogue[0]!;
    const image = {
      ...{ language, tag: "v3.66.0", version: "3.66.0", platforms: ["linux/amd64"] as const },
      ...{ digest: "sha256:1", source: new ImageStore() },
    };
    const release = { version: "3.66.0", url: "https://example.com", sha256: { "linux/amd64": "1" }, files: {} };
    const digest = declareRebuild(image, release, {
      ...{ folder: "/none", env: {}, builder: "any", registry: "localhost:5000/verify", bases: {} },
      ...{ pulumiReleases: release.url, signatures: "off" as const, debianSnapshots: "" },
    });
    assert.equal(await new Promise((resolve) => digest.apply(resolve)), `sha256:${language.name}-image`);
    const images = [...recorder.ofType("docker-build:index:Image").values()];
    assert.equal(images.length, 1);
    const { inputs } = images[0]!;
    assert.equal(inputs.noCache, true);
    assert.equal(inputs.target, "runner");
    assert.deepEqual(inputs.builder, { name: "any" });
    assert.deepEqual(inputs.exports[0].registry.names, [`localhost:5000/verify/runner-pulumi-${language.name}`]);
  });
});
