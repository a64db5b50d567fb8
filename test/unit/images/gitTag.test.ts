import assert from "node:assert/strict";

import { imageTags, isImageTag, isPulumiVersion, parseGitTag, requireRelease } from "../../../images/gitTag";

describe("a git tag", () => {
  for (const [gitTag, stack, pulumiVersion, tag] of [
    ["dev-v3.66.0", "dev", "3.66.0", "dev-v3.66.0"],
    ["v3.66.0", "prod", "3.66.0", "v3.66.0"],
    ["latest-v3.66.0", "prod", "3.66.0", "latest"],
    ["v10.0.12", "prod", "10.0.12", "v10.0.12"],
  ] as const) {
    it(`is a release: ${gitTag}`, () => assert.deepEqual(requireRelease(gitTag), { stack, pulumiVersion, tag }));
  }

  for (const [gitTag, reason] of [
    ["release-1", "no version"],
    ["", "no text"],
    ["latest", "no version"],
    ["v", "no version"],
    ["3.66.0", "no v"],
    ["v3.66", "two parts"],
    ["v3.66.0.1", "four parts"],
    ["v03.66.0", "a leading zero"],
    ["v3.66.0-rc.1", "a prerelease"],
    ["v3.66.0+build", "build metadata"],
    ["latest-v3.66.0-alpha.1", "a prerelease as latest"],
    ["dev-latest-v3.66.0", "two prefixes"],
    ["Dev-v3.66.0", "capitals"],
    [" v3.66.0", "a space before"],
    ["v3.66.0 ", "a space after"],
    ["v3.66.0\n", "a newline after"],
    ["v3.66.0\nv3.66.0", "two lines"],
    ["v3.66.0$(id)", "a command"],
    ["v３.66.0", "a digit that is not ASCII"],
    ["v3.66.99999999999999999999", "a number too large"],
    [`v${"1".repeat(300)}.0.0`, "300 characters"],
  ] as const) {
    it(`is refused if it has ${reason}: ${JSON.stringify(gitTag.slice(0, 40))}`, () => {
      const remedy = "Use dev-vX.Y.Z, vX.Y.Z or latest-vX.Y.Z, such as v3.66.0.";
      const message = `Tag ${JSON.stringify(gitTag)} is not a release tag. ${remedy}`;
      assert.equal(parseGitTag(gitTag), undefined);
      assert.throws(() => requireRelease(gitTag), { message });
    });
  }
});

it("imageTags belong to dev or prod, and other stacks may use all of them", () => {
  assert.deepEqual(imageTags("3.66.0", "dev"), ["dev-v3.66.0"]);
  assert.deepEqual(imageTags("3.66.0", "prod"), ["v3.66.0", "latest"]);
  assert.deepEqual(imageTags("3.66.0", "local"), ["v3.66.0", "latest", "dev-v3.66.0"]);
});

it("isImageTag and isPulumiVersion accept only the canonical form", () => {
  const tags = ["latest", "v3.66.0", "dev-v3.66.0"];
  assert.deepEqual([...tags, "", "v3.66", "latest-v3.66.0", "3.66.0", "dev-latest"].filter(isImageTag), tags);
  assert.deepEqual(["3.66.0", "v3.66.0", "=3.66.0"].filter(isPulumiVersion), ["3.66.0"]);
});
