import assert from "node:assert/strict";

import { readImageChange } from "../../../../commands/review/imageChange";
import { captureLog } from "../../../helpers/captureLog";

describe("the change of an image", () => {
  it("is unknown without a published image", () =>
    captureLog(async () => {
      const state = { inputs: { platforms: ["linux/arm64"] }, outputs: {} };
      const step = { type: "", urn: "", op: "update", old: null, new: state };
      assert.deepEqual(await readImageChange("python-image", step), {
        problem: "the state does not have the published image of python-image",
      });
    }));
});
