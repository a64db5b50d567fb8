import assert from "node:assert/strict";

import { requireImageTag } from "../../../../commands/verify/imageTag";
import { Fault } from "../../../../lib/errors";

describe("requireImageTag", () => {
  it("accepts every release tag and latest", () => {
    assert.deepEqual(requireImageTag("v3.66.0"), { tag: "v3.66.0", version: "3.66.0", stack: "prod" });
    assert.deepEqual(requireImageTag("dev-v3.66.0"), { tag: "dev-v3.66.0", version: "3.66.0", stack: "dev" });
    assert.deepEqual(requireImageTag("latest-v3.66.0"), { tag: "latest", version: "3.66.0", stack: "prod" });
    assert.deepEqual(requireImageTag("latest"), { tag: "latest", version: undefined, stack: "prod" });
  });

  for (const text of ["3.66.0", "v3.66", "latest-3.66.0", ""]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => requireImageTag(text),
        (error: Error) => {
          assert.ok(error instanceof Fault);
          assert.ok(error.message.startsWith(`Tag ${JSON.stringify(text)} is not a release tag. Use `));
          assert.match(error.message, / or latest\.$/);
          return true;
        },
      );
    });
  }
});
