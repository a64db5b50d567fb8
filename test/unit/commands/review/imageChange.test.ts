import assert from "node:assert/strict";

import { readImageChange, toBuild } from "../../../../commands/review/imageChange";

describe("the change of an image", () => {
  it("is built with the inputs of the previewed resource", () => {
    const inputs = {
      dockerfile: { inline: "FROM debian AS runner" },
      context: {
        location: "dockerfiles/scripts",
        named: { debian: { location: "docker-image://debian@sha256:1" }, certificates: { location: "/etc/ssl" } },
      },
      buildArgs: { PULUMI_VERSION: "3.66.0" },
      labels: { title: "Python" },
      target: "runner",
    };
    assert.deepEqual(toBuild("the new python-image", inputs, "linux/amd64", "/checkout"), {
      title: "the new python-image",
      dockerfile: "FROM debian AS runner",
      platform: "linux/amd64",
      target: "runner",
      args: { PULUMI_VERSION: "3.66.0" },
      labels: { title: "Python" },
      context: "/checkout/dockerfiles/scripts",
      contexts: { debian: "docker-image://debian@sha256:1", certificates: "/etc/ssl" },
    });
  });

  it("is unknown without a published image", async () => {
    const now = { inputs: { platforms: ["linux/arm64"] }, outputs: {} };
    const step = { name: "python-image", op: "update", diffs: [], before: undefined, now };
    assert.deepEqual(await readImageChange(step, "/checkout"), {
      problem: "the state does not have the published image of python-image",
    });
  });
});
