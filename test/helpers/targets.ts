import assert from "node:assert/strict";

import type { Target } from "../../commands/target";

/** A target of stack prod, of which a test may use only these parts. */
export function targetWith(parts: Partial<Target>): Target {
  return {
    stack: "prod",
    resolve: assert.fail,
    registry: assert.fail,
    releases: assert.fail,
    prepare: () => assert.fail(),
    ...parts,
  };
}
