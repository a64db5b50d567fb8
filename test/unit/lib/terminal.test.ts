import assert from "node:assert/strict";

import { isWatched, widthOf } from "../../../lib/terminal";

describe("a terminal", () => {
  for (const [isTTY, env, expected] of [
    [true, {}, true],
    [true, { NO_COLOR: "", CI: "" }, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { CI: "true" }, false],
    [true, { TERM: "dumb" }, false],
  ] as const) {
    it(`is ${expected ? "" : "not "}watched with isTTY ${isTTY} and ${JSON.stringify(env)}`, () =>
      assert.equal(isWatched({ isTTY }, env), expected));
  }

  it("is as wide as COLUMNS, else as the terminal, else without limit", () => {
    assert.equal(widthOf({ isTTY: true, columns: 120 }, { COLUMNS: "60" }), 60);
    assert.equal(widthOf({ isTTY: true, columns: 120 }, {}), 120);
    assert.equal(widthOf({ isTTY: false, columns: 120 }, {}), Infinity);
  });
});
