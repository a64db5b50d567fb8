import assert from "node:assert/strict";

import { messageOf } from "../../../lib/errors";

it("messageOf returns the code of an error without a message, else its class", () => {
  // A connection to a host with two addresses that refuse it.
  const refused = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
  assert.deepEqual([refused, new TypeError(), "text"].map(messageOf), ["ECONNREFUSED", "TypeError", "text"]);
});
