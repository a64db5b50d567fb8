import assert from "node:assert/strict";

import { officialImages } from "../../../../local/offline/bases";
import { substitutes } from "../../../../local/offline/substitutes";

describe("official images", () => {
  it("have a substitute each", () => {
    const stages = [...officialImages().values()].map(([stage]) => stage);
    assert.deepEqual(stages.sort(), Object.keys(substitutes).sort());
  });
});
