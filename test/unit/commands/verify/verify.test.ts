import assert from "node:assert/strict";

import { verify } from "../../../../commands/verify/verify";
import type { Target } from "../../../../commands/target";
import { catalogue } from "../../../../images/catalogue";

describe("verify", () => {
  const unused = () => assert.fail("The target is used.");
  const target: Target = { stack: "dev", resolve: unused, registry: unused, prepare: unused };

  it("refuses a text that is not a release tag, before anything is set up", () =>
    assert.rejects(
      verify(target, "3.66.0", catalogue, unused),
      /"3\.66\.0" is not a release tag\. Use .* or latest\.$/,
    ));

  it("refuses a tag that another stack publishes, before anything is set up", () =>
    assert.rejects(verify(target, "v3.66.0", catalogue, unused), {
      message: 'STACK "dev" does not publish that tag: stack prod does. Use STACK=prod.',
    }));
});
