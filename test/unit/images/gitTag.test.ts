import assert from "node:assert/strict";

import { imageTags, isImageTag, isPulumiVersion, parseGitTag, requireRelease } from "../../../images/gitTag";

describe("a git tag", () => {
  const releases = [
    ["dev-v3.66.0", { stack: "dev", pulumiVersion: "3.66.0", tag: "dev-v3.66.0" }],
    ["v3.66.0", { stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" }],
    ["latest-v3.66.0", { stack: "prod", pulumiVersion: "3.66.0", tag: "latest" }],
    ["v10.0.12", { stack: "prod", pulumiVersion: "10.0.12", tag: "v10.0.12" }],
  ] as const;
  for (const [gitTag, release] of releases) {
    it(`is a release: ${gitTag}`, () => assert.deepEqual(requireRelease(gitTag), release));
  }

  const refused = [
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
  ] as const;
  for (const [gitTag, reason] of refused) {
    it(`is refused if it has ${reason}: ${JSON.stringify(gitTag.slice(0, 40))}`, () => {
      assert.equal(parseGitTag(gitTag), undefined);
      assert.throws(() => requireRelease(gitTag), {
        message:
          `Tag ${JSON.stringify(gitTag)} is not a release tag. ` +
          `Use dev-vX.Y.Z, vX.Y.Z or latest-vX.Y.Z, such as v3.66.0.`,
      });
    });
  }
});

describe("an image tag", () => {
  it("belongs to dev or prod, and other stacks may use all of them", () => {
    assert.deepEqual(imageTags("3.66.0", "dev"), ["dev-v3.66.0"]);
    assert.deepEqual(imageTags("3.66.0", "prod"), ["v3.66.0", "latest"]);
    assert.deepEqual(imageTags("3.66.0", "local"), ["v3.66.0", "latest", "dev-v3.66.0"]);
  });

  it("is recognized by its form", () => {
    for (const tag of ["latest", "v3.66.0", "dev-v3.66.0"]) assert.equal(isImageTag(tag), true, tag);
    for (const tag of ["", "v3.66", "latest-v3.66.0", "3.66.0", "dev-latest"])
      assert.equal(isImageTag(tag), false, tag);
  });
});

it("isPulumiVersion accepts only the canonical form", () => {
  assert.equal(isPulumiVersion("3.66.0"), true);
  assert.equal(isPulumiVersion("v3.66.0"), false);
  assert.equal(isPulumiVersion("=3.66.0"), false);
});
