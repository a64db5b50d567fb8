import assert from "node:assert/strict";

import { localTarget, requireRegistry } from "../../../local/target";
import { serve } from "../../helpers/http";

describe("the local target", () => {
  it("refuses a registry that requires a login or that is not a registry", async () => {
    let status = 200;
    const registry = (await serve(() => ({ status }))).url.replace("http://", "");
    await requireRegistry(`${registry}/path`);
    status = 401;
    await assert.rejects(requireRegistry(registry), /requires a login \(.* answers 401\), .* has no credentials\. Use/);
    status = 404;
    await assert.rejects(requireRegistry(registry), /is not a usable registry: http:\S+ answers 404\. Start it/);
  });

  it("tells how to try a release and how to stop the daemons", () =>
    assert.deepEqual(localTarget().nextSteps?.(["localhost:5000/runner-pulumi-yaml:v3.66.0"]), [
      "Try an image: docker run --rm localhost:5000/runner-pulumi-yaml:v3.66.0 pulumi version",
      "Stop the builder and the registry: make down",
    ]));
});
