import assert from "node:assert/strict";

import { latestVersions, requireReleasable } from "../../../images/releasable";
import { isFault } from "../../helpers/isFault";

describe("requireReleasable", () => {
  const parse = (tag: string, gitTags: readonly string[] = [], withdrawn = {}) =>
    requireReleasable(tag, { gitTags, withdrawn });

  it("parses a tag, whatever other kinds of tags there are", () => {
    const gitTags = ["v3.67.0", "dev-v4.0.0", "latest-v", "latest-v4.0.0-rc.1", "latest", "latest-v3.66.0"];
    const release = { stack: "prod", pulumiVersion: "3.66.0", tag: "latest" };
    assert.deepEqual(parse("latest-v3.66.0", gitTags), release);
    for (const tag of ["v3.64.0", "dev-v3.64.0"]) assert.equal(parse(tag, gitTags).tag, tag);
  });

  it("refuses a withdrawn version in every form, with its reason", () => {
    const message = "Pulumi 3.66.0 is withdrawn (yanked), so it is not released. Release another version.";
    for (const tag of ["v3.66.0", "dev-v3.66.0", "latest-v3.66.0"]) {
      assert.throws(() => parse(tag, [], { "3.66.0": "yanked" }), isFault(message));
    }
  });

  it("refuses a latest-v tag that a higher one supersedes, and describes how to roll back", () => {
    const gitTags = ["latest-v3.9.0", "latest-v3.64.0", "latest-v3.66.0", "latest-v3.100.0"];
    assert.throws(() => parse("latest-v3.64.0", gitTags), {
      message:
        "latest-v3.64.0 is superseded by latest-v3.100.0, latest-v3.66.0, and latest is never downgraded. " +
        'To roll back on purpose, add "3.100.0", "3.66.0" with the reason to images/withdrawn.json, then push latest-v3.64.0 again.',
    });
  });

  it("names only the five highest", () => {
    const gitTags = [...Array(7).keys()].map((minor) => `latest-v3.${minor}.0`);
    for (const [tag, message] of [
      [
        "latest-v3.1.0",
        /by latest-v3\.6\.0, .*latest-v3\.2\.0, and .* add "3\.6\.0", .*"3\.2\.0" with the reason to images/,
      ],
      [
        "latest-v3.0.0",
        /by latest-v3\.6\.0, .*latest-v3\.2\.0 and 1 more, .* add every version above 3\.0\.0 with the /,
      ],
    ] as const) {
      assert.throws(() => parse(tag, gitTags), isFault(message));
    }
  });

  it("ignores withdrawn versions that are higher", () => {
    const withdrawn = { "3.66.0": "crashes on arm64" };
    const gitTags = ["latest-v3.64.0", "latest-v3.66.0"];
    assert.equal(parse("latest-v3.64.0", gitTags, withdrawn).tag, "latest");
    assert.deepEqual(latestVersions(gitTags, withdrawn), ["3.64.0"]);
  });

  it("accepts only the highest latest-v tag, in any order of pushes", () => {
    const highest = "latest-v3.100.0";
    for (const others of [
      ["latest-v3.9.0", "latest-v3.64.0"],
      ["latest-v3.99.9", "latest-v2.200.0"],
    ]) {
      const gitTags = [others[0]!, highest, others[1]!];
      for (const list of [gitTags, gitTags.toReversed()]) {
        assert.equal(parse(highest, list).pulumiVersion, "3.100.0");
        for (const other of others)
          assert.throws(() => parse(other, list), isFault(/ is superseded by latest-v3\.100\.0/));
      }
    }
  });
});
