import assert from "node:assert/strict";

import { causeOf, listProblems, messageOf } from "../../../lib/errors";
import { closedUrl } from "../../helpers/http";

it("causeOf returns the reason of fetch's error", async () => {
  const error = await fetch(await closedUrl()).catch((failed: unknown) => failed);
  assert.equal(messageOf(error), "fetch failed");
  assert.match(messageOf(causeOf(error)), /ECONNREFUSED/);
});

it("messageOf returns the code of an error without a message, else its class", () => {
  // A connection to a host with two addresses that refuse it.
  const refused = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
  assert.deepEqual([refused, new TypeError(), "text"].map(messageOf), ["ECONNREFUSED", "TypeError", "text"]);
});

it("listProblems lists problems below a heading", () =>
  assert.equal(listProblems("The list is invalid:", ["a.", "b."]), "The list is invalid:\n  - a.\n  - b."));
