import assert from "node:assert/strict";

import { imageTags, isImageTag, isPulumiVersion, parseGitTag, requireRelease } from "../../../images/gitTag";
import { isFault } from "../../helpers/isFault";

describe("a git tag", () => {
  for (const [gitTag, stack, pulumiVersion, tag] of [
    ["dev-v3.66.0", "dev", "3.66.0", "dev-v3.66.0"],
    ["v3.66.0", "prod", "3.66.0", "v3.66.0"],
    ["latest-v3.66.0", "prod", "3.66.0", "latest"],
    ["v10.0.12", "prod", "10.0.12", "v10.0.12"],
  ] as const) {
    it(`is a release: ${gitTag}`, () => assert.deepEqual(requireRelease(gitTag), { stack, pulumiVersion, tag }));
  }

  const remedy = "Use dev-vX.Y.Z, vX.Y.Z or latest-vX.Y.Z, such as v3.66.0.";
  for (const [reason, ...gitTags] of [
    ["no version", "release-1", "", "latest", "v"],
    ["no v", "3.66.0"],
    ["two or four parts, or an empty one", "v3.66", "v3.66.0.1", "v3..0"],
    ["a leading zero, a sign or an exponent", "v03.66.0", "v3.01.0", "v3.-1.0", "v3.1e3.0"],
    ["a prerelease or build metadata", "v3.66.0-rc.1", "latest-v3.66.0-alpha.1", "v3.66.0+build"],
    ["another prefix", "dev-latest-v3.66.0", "latest-dev-v3.66.0", "--v3.66.0", "Dev-v3.66.0", "V3.66.0"],
    ["white space or another line", " v3.66.0", "v3. 1.0", "v3.66.0 ", "v3.66.0\n", "v3.66.0\nv3.66.0"],
    ["a command", "v3.66.0$(id)", "v3.`id`.0", "v3.66.0;id"],
    ["a digit that is not ASCII", "v３.66.0", "v3.٣.0"],
    ["a number that is too large, or 300 characters", "v3.66.99999999999999999999", `v${"1".repeat(300)}.0.0`],
  ] as const) {
    it(`is refused if it has ${reason}`, () => {
      for (const gitTag of gitTags) {
        assert.equal(parseGitTag(gitTag), undefined);
        const message = `Tag ${JSON.stringify(gitTag)} is not a release tag. ${remedy}`;
        assert.throws(() => requireRelease(gitTag), isFault(message));
      }
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
