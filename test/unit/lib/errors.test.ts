import assert from "node:assert/strict";

import { causeOf, listProblems, messageOf } from "../../../lib/errors";
import { closedUrl } from "../../helpers/http";

describe("an error", () => {
  it("of fetch has its reason in its cause", async () => {
    const error = await fetch(await closedUrl()).catch((failed: unknown) => failed);
    assert.equal(messageOf(error), "fetch failed");
    assert.match(messageOf(causeOf(error)), /ECONNREFUSED/);
  });

  it("without a message is reported by its code, else its class", () => {
    // A connection to a host with two addresses that refuse it.
    assert.equal(messageOf(Object.assign(new AggregateError([]), { code: "ECONNREFUSED" })), "ECONNREFUSED");
    assert.equal(messageOf(new TypeError()), "TypeError");
    assert.equal(messageOf("text"), "text");
  });

  it("lists its problems below its heading", () =>
    assert.equal(listProblems("The list is invalid:", ["a.", "b."]), "The list is invalid:\n  - a.\n  - b."));
});
