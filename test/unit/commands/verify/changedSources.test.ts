import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { changedSources } from "../../../../commands/verify/changedSources";
import { Clone } from "../../../../lib/git";
import { git } from "../../../helpers/scratchRepository";

describe("changedSources", () => {
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "runner-pulumi-"));
    mkdirSync(join(folder, "dockerfiles"));
    writeFileSync(join(folder, "dockerfiles", "base.Dockerfile"), "FROM scratch\n");
    await git(folder, "init", "--quiet");
    await git(folder, "add", ".");
    await git(folder, "commit", "--quiet", "--message=Start");
    await git(folder, "tag", "v3.66.0");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("finds none in the tagged commit", async () =>
    assert.equal(await changedSources(new Clone(folder), "v3.66.0"), undefined));

  it("reports a tag that the checkout lacks", async () =>
    assert.match((await changedSources(new Clone(folder), "v3.64.0")) ?? "", /^This checkout has no tag v3\.64\.0: /));

  it("names the files that differ, but none that an image does not depend on", async () => {
    writeFileSync(join(folder, "dockerfiles", "base.Dockerfile"), "FROM debian\n");
    writeFileSync(join(folder, "README.md"), "changed\n");
    assert.match(
      (await changedSources(new Clone(folder), "v3.66.0")) ?? "",
      /^This checkout differs from v3\.66\.0 \([0-9a-f]{12}\) in dockerfiles\/base\.Dockerfile\. Check that commit out/,
    );
  });
});
