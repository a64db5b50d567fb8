import assert from "node:assert/strict";

import { readVariable, requireVariables } from "../../../lib/environmentVariables";
import { isFault } from "../../helpers/isFault";

it("requireVariables returns values by name, and names every missing or empty one", () => {
  const [TAG, STACK] = ["v3.66.0", "dev"];
  assert.deepEqual(requireVariables(["TAG", "STACK"], { TAG, STACK, OTHER: "x" }), { TAG, STACK });
  const refused = (env: NodeJS.ProcessEnv, message: string) =>
    assert.throws(() => requireVariables(["TAG", "STACK"], env), isFault(message));
  refused({ TAG: "" }, "Missing TAG and STACK. Set them: make … TAG=… STACK=…");
  refused({ TAG }, "Missing STACK. Set it: make … STACK=…");
});

it("readVariable returns undefined for a variable that is not set or empty", () => {
  const read = ["A", "B", "C"].map((name) => readVariable(name, { A: "a", B: "" }));
  assert.deepEqual(read, ["a", undefined, undefined]);
});
