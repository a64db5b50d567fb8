import assert from "node:assert/strict";

import { estimateSetUp } from "../../../local/folder";

it("the estimate of a set-up names the parts that are missing, the time and the disk space", () => {
  const backend = { name: "native", title: "BuildKit, registry", minutes: () => 5 } as const;
  const none = estimateSetUp(backend, () => false);
  assert.equal(none, "up to 13 minutes: BuildKit, registry, Pulumi CLI, plugin, base images; .local grows to 9 GB");
  const installed = { ...backend, minutes: () => 0 };
  const almost = estimateSetUp(installed, (path) => !path.endsWith("bases.json"));
  assert.equal(almost, "up to 3 minutes: base images; .local grows to 9 GB");
  const complete = estimateSetUp(installed, () => true);
  assert.equal(complete, undefined);
});
