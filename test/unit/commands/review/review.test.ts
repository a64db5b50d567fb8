import assert from "node:assert/strict";

import { review } from "../../../../commands/review/review";

describe("review", () => {
  it("refuses a stack that is not reviewed", async () => {
    await assert.rejects(review("local", "/none", "/none"), { message: 'STACK "local" is not one of dev, prod.' });
  });
});
