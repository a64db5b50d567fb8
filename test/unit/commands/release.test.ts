import assert from "node:assert/strict";

import { changeOf, unread } from "../../../commands/release";

describe("the change of a tag that was released", () => {
  it("is told by what it served before", () => {
    assert.equal(changeOf(undefined, "sha256:a"), "new");
    assert.equal(changeOf("sha256:a", "sha256:a"), "none");
    assert.equal(changeOf("sha256:b", "sha256:a"), "moved");
  });

  it("is not claimed where the registry could not be read before", () =>
    assert.equal(changeOf(unread, "sha256:a"), "unknown"));
});
