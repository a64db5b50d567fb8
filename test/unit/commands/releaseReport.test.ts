import assert from "node:assert/strict";

import { changeOf, movedTags, unknownDigest } from "../../../commands/releaseReport";

describe("releaseReport", () => {
  it("compares a digest with the one that the tag served before", () => {
    assert.equal(changeOf(undefined, "sha256:a"), "new");
    assert.equal(changeOf("sha256:a", "sha256:a"), "none");
    assert.equal(changeOf("sha256:b", "sha256:a"), "moved");
  });

  it("claims no change if the registry could not be read before", () =>
    assert.equal(changeOf(unknownDigest, "sha256:a"), "unknown"));

  it("lists the tags that moved, but not those that cannot be read now", () => {
    const before = new Map([["same", "a"], ["other", "a"], ["unreadable", "a"], ["new", undefined]]); // prettier-ignore
    const now = new Map([["same", "a"], ["other", "b"], ["unreadable", unknownDigest], ["new", "a"]]); // prettier-ignore
    assert.deepEqual(movedTags(before, now), ["other", "new"]);
  });
});
