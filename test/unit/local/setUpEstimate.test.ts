import assert from "node:assert/strict";

import { estimateSetUp } from "../../../local/setUpEstimate";

describe("the estimate of a set-up", () => {
  it("names the parts that are missing, the time and the disk space", () => {
    assert.match(
      estimateSetUp(() => false) ?? "",
      /^up to 13 minutes for BuildKit and registry, Pulumi CLI and plugin, base images; .*\.local grows to 9 GB$/,
    );
    assert.match(estimateSetUp((path) => !path.endsWith("bases.json")) ?? "", /^up to 3 minutes for base images; /);
  });

  it("is omitted if nothing is missing", () =>
    assert.equal(
      estimateSetUp(() => true),
      undefined,
    ));
});
