import assert from "node:assert/strict";

import { parseRepository, requireRepository } from "../../../lib/githubRepository";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("parseRepository", () => {
  it("accepts owner/name", () => {
    assert.deepEqual(parseRepository("spacelift-io/runner-pulumi"), { owner: "spacelift-io", repo: "runner-pulumi" });
  });

  for (const value of ["runner-pulumi", "a/b/c", "a/", "/b", "a b/c", "", undefined, 1]) {
    it(`refuses ${JSON.stringify(value)}`, () => assert.equal(parseRepository(value), undefined));
  }
});

describe("requireRepository", () => {
  const read = (value: string) =>
    withEnvironment({ GITHUB_REPOSITORY: value }, () => Promise.resolve().then(requireRepository));

  it("reads GITHUB_REPOSITORY", async () => assert.deepEqual(await read("a/b"), { owner: "a", repo: "b" }));

  it("refuses a missing one and one that is not owner/name", async () => {
    await assert.rejects(read(""), /^Error: Missing GITHUB_REPOSITORY\. /);
    await assert.rejects(read("runner-pulumi"), {
      message: `GITHUB_REPOSITORY "runner-pulumi" is not owner/name. Set it to this repository's name.`,
    });
  });
});
