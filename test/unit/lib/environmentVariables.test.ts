import assert from "node:assert/strict";

import { readVariable, requireVariables } from "../../../lib/environmentVariables";
import { Fault } from "../../../lib/errors";

describe("environment variables", () => {
  it("are returned by name", () => {
    assert.deepEqual(requireVariables(["TAG", "STACK"], { TAG: "v3.66.0", STACK: "dev", OTHER: "x" }), {
      TAG: "v3.66.0",
      STACK: "dev",
    });
  });

  it("are all named if they are missing or empty", () => {
    const missing = (message: string) => (error: unknown) => error instanceof Fault && error.message === message;
    assert.throws(
      () => requireVariables(["TAG", "STACK"], { TAG: "" }),
      missing("Missing TAG and STACK. Set them: make … TAG=… STACK=…"),
    );
    assert.throws(
      () => requireVariables(["TAG", "STACK"], { TAG: "v3.66.0" }),
      missing("Missing STACK. Set it: make … STACK=…"),
    );
  });

  it("are undefined if they are optional and empty", () => {
    assert.deepEqual(
      ["A", "B", "C"].map((name) => readVariable(name, { A: "a", B: "" })),
      ["a", undefined, undefined],
    );
  });
});
