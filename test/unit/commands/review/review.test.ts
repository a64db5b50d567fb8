import assert from "node:assert/strict";

import { newestRelease, readable } from "../../../../commands/review/review";

describe("review", () => {
  it("takes the newest version that was released on the stack, and neither latest nor another kind of tag", () => {
    const tags = ["v3.9.0", "v3.10.0", "latest-v3.66.0", "dev-v3.64.0", "v4", "release-5", "v3.70.0-rc.1"];
    assert.deepEqual(newestRelease("prod", tags), [
      "v3.10.0",
      { stack: "prod", pulumiVersion: "3.10.0", tag: "v3.10.0" },
    ]);
    assert.equal(newestRelease("dev", tags)[0], "dev-v3.64.0");
  });

  it("says so where nothing was released on the stack", () =>
    assert.throws(() => newestRelease("dev", ["v3.64.0"]), {
      message: "No release of stack dev to compare with: the repository has no tag dev-vX.Y.Z. Push one.",
    }));

  it("leaves out the builds' logs, and names a resource instead of its identities", () => {
    const output = [
      "Previewing update (prod):",
      "    ~ docker-build:index:Image: (update)",
      "        [id=golang-smoke]",
      "        [urn=urn:pulumi:prod::runner-pulumi::docker-build:index:Image::golang-smoke]",
      "      ~ dockerfile: {",
      "              + RUN true # 1",
      "#0 building with x",
      "",
      "#17 [smoke 2/3] RUN true",
      "#17 DONE 0.0s",
      "",
      "",
      "Resources:",
      "    ~ 1 to update",
    ].join("\n");
    assert.equal(
      readable(output),
      [
        "Previewing update (prod):",
        "    ~ docker-build:index:Image: (update)",
        "        [golang-smoke]",
        "      ~ dockerfile: {",
        "              + RUN true # 1",
        "",
        "Resources:",
        "    ~ 1 to update",
      ].join("\n"),
    );
  });
});
