import assert from "node:assert/strict";

import fc from "fast-check";

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

/** A hand-written parser of the grammar: [dev-|latest-]v<number>.<number>.<number>, in canonical decimal numbers. */
function isInGrammar(text: string): boolean {
  const prefix = ["dev-v", "latest-v", "v"].find((each) => text.startsWith(each));
  const parts = prefix === undefined ? [] : text.slice(prefix.length).split(".");
  const isNumber = (part: string) =>
    part.length > 0 &&
    [...part].every((digit) => digit >= "0" && digit <= "9") &&
    (part === "0" || !part.startsWith("0")) &&
    BigInt(part) <= Number.MAX_SAFE_INTEGER;
  return parts.length === 3 && parts.every(isNumber) && text.length <= 256;
}

it("a git tag is in the grammar, or it is refused: 10,000 texts", () => {
  const number = fc.oneof(
    { weight: 5, arbitrary: fc.nat({ max: 999 }).map(String) },
    fc.constantFrom("", "00", "01", "-1", "1e3", "٣", "9".repeat(17)),
  );
  const prefix = fc.constantFrom("v", "dev-v", "latest-v", "V", "", "dev-latest-v", "v ", "latest-", "--v");
  const end = fc.oneof(
    { weight: 6, arbitrary: fc.constant("") },
    fc.constantFrom("-rc.1", "+build", ".1", "\n", " ", "$(id)"),
  );
  const close = fc.tuple(prefix, fc.array(number, { minLength: 3, maxLength: 3 }), end);
  const text = fc.oneof(
    { weight: 4, arbitrary: close.map(([start, parts, last]) => `${start}${parts.join(".")}${last}`) },
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^(dev-|latest-)?v[0-9.]{3,12}$/),
  );
  let accepted = 0;
  const property = fc.property(text, (gitTag) => {
    const release = parseGitTag(gitTag);
    assert.equal(release !== undefined, isInGrammar(gitTag), gitTag);
    if (release === undefined) return;
    accepted++;
    assert.ok(gitTag.endsWith(`v${release.pulumiVersion}`) && isImageTag(release.tag));
    assert.equal(release.stack === "dev", gitTag.startsWith("dev-"));
  });
  fc.assert(property, { numRuns: 10_000 });
  assert.ok(accepted > 500, String(accepted));
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
