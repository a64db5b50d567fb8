import assert from "node:assert/strict";

import { Fault } from "../../lib/errors";

/** Returns a check for `assert.rejects`: the error is a Fault, which is printed without a stack trace, with this message. */
export function isFault(message: string | RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Fault, String(error));
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  };
}
