import assert from "node:assert/strict";

import { previousTag } from "../../../../commands/inventory/servedImages";

describe("the previous release", () => {
  const tags = ["v3.9.0", "v3.64.0", "v3.66.0", "v3.100.0", "latest", "dev-v3.65.0", "dev-v3.2.0", "v3.65.0-rc.1", "x"];
  const cases: [tag: string, version: string, previous: string | undefined][] = [
    ["v3.66.0", "3.66.0", "v3.64.0"],
    ["v3.101.0", "3.101.0", "v3.100.0"],
    ["v3.64.0", "3.64.0", "v3.9.0"],
    ["v3.9.0", "3.9.0", undefined],
    ["latest", "3.66.0", "v3.64.0"],
    ["dev-v3.66.0", "3.66.0", "dev-v3.65.0"],
    ["dev-v3.2.0", "3.2.0", undefined],
  ];
  for (const [tag, pulumiVersion, previous] of cases) {
    it(`of ${tag} for Pulumi ${pulumiVersion} is ${previous}`, () =>
      assert.equal(previousTag({ tag, pulumiVersion }, tags), previous));
  }

  it("is none in an empty repository", () =>
    assert.equal(previousTag({ tag: "latest", pulumiVersion: "3.66.0" }, []), undefined));
});
