import assert from "node:assert/strict";

import { previousTag } from "../../../../commands/inventory/servedImages";
import { requireRelease } from "../../../../images/gitTag";

describe("the previous release", () => {
  const tags = ["v3.9.0", "v3.64.0", "v3.66.0", "v3.100.0", "latest", "dev-v3.65.0", "dev-v3.2.0", "v3.65.0-rc.1", "x"];
  for (const [gitTag, previous] of [
    ["v3.66.0", "v3.64.0"],
    ["v3.101.0", "v3.100.0"],
    ["v3.64.0", "v3.9.0"],
    ["v3.9.0", undefined],
    ["latest-v3.66.0", "v3.64.0"],
    ["dev-v3.66.0", "dev-v3.65.0"],
    ["dev-v3.2.0", undefined],
  ] as const) {
    it(`of ${gitTag} is ${previous}`, () => assert.equal(previousTag(requireRelease(gitTag), tags), previous));
  }

  it("is none in an empty repository", () =>
    assert.equal(previousTag(requireRelease("latest-v3.66.0"), []), undefined));
});
