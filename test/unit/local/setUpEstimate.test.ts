import assert from "node:assert/strict";

import { estimateSetUp } from "../../../local/setUpEstimate";

describe("the estimate of a set-up", () => {
  it("names the parts that are missing, the time and the disk space", () => {
    assert.equal(
      estimateSetUp(() => false),
      "up to 13 minutes: BuildKit, registry, Pulumi CLI, plugin, base images; .local grows to 9 GB",
    );
    const almost = estimateSetUp((path) => !path.endsWith("bases.json"));
    assert.equal(almost, "up to 3 minutes: base images; .local grows to 9 GB");
  });

  it("is omitted if nothing is missing", () =>
    assert.equal(
      estimateSetUp(() => true),
      undefined,
    ));
});
