import assert from "node:assert/strict";

import { nextSteps, requireRegistry } from "../../../local/target";
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

  const reference = "localhost:5000/runner-pulumi-yaml:v3.66.0";
  for (const [backend, command] of [
    ["docker", `docker run --rm ${reference} pulumi version`],
    ["native", `make contract IMAGE=${reference}`],
  ] as const) {
    it(`names commands that try a release and stop the daemons, with the ${backend} backend`, () =>
      assert.deepEqual(nextSteps(backend, reference), [command, "make down   # stops the builder and the registry"]));
  }
});
