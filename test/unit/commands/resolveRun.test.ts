import assert from "node:assert/strict";

import { resolveRun } from "../../../commands/resolveRun";
import { Clone } from "../../../lib/git";
import { captureLog } from "../../helpers/captureLog";
import { useFiles } from "../../helpers/folderOfFiles";
import { isFault } from "../../helpers/isFault";
import { ScratchRepository } from "../../helpers/scratchRepository";

const release = { stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" };
const list = "images/withdrawn.json";
/** The list in the clone of a scratch repository. */
const file = `maintainer/${list}`;

describe("resolveRun", () => {
  const files = useFiles();
  let repository: ScratchRepository;
  beforeEach(async () => {
    repository = await ScratchRepository.create(files.path());
    await repository.commit("Start", { [list]: "{}\n" });
  });

  const resolve = (gitTag: string, event?: string) => resolveRun(gitTag, new Clone(repository.clone), event);
  const refused = (message: string | RegExp, event?: string) =>
    assert.rejects(resolve("v3.66.0", event), isFault(message));

  it("resolves a tag at the commit of the checkout, and leaves one at another commit to the later push", async () => {
    await repository.pushTag("v3.66.0", "HEAD");
    assert.deepEqual(await resolve("v3.66.0", "push"), release);
    await repository.git("commit", "--quiet", "--allow-empty", "--message=Next");
    const { lines, error } = await captureLog(async () => assert.equal(await resolve("v3.66.0", "push"), undefined));
    assert.equal(error, undefined);
    assert.match(lines.join(), /v3\.66\.0 +now at [0-9a-f]{40}, this run is for [0-9a-f]{40}: the run of the later/);
    assert.deepEqual(await resolve("v3.66.0", "workflow_dispatch"), release);
  });

  it("refuses a dispatch of a tag that the repository does not have; a person may try one first", async () => {
    await refused("The repository has no tag v3.66.0. Push it: that releases it.", "workflow_dispatch");
    assert.deepEqual(await resolve("v3.66.0"), release);
  });

  it("refuses what is not a release tag before it reads the network", () =>
    assert.rejects(resolveRun("3.66.0", new Clone(files.path()), "push"), isFault(/"3\.66\.0" is not a release tag/)));

  describe("at a commit that does not know what main has withdrawn since", () => {
    beforeEach(async () => {
      await repository.commit("Withdraw", { [list]: '{"3.66.0": "yanked"}' });
      await repository.git("checkout", "--quiet", "HEAD~1");
    });

    it("refuses the withdrawn version; for others, replaces the checkout's list, which the program reads", async () => {
      await refused(/^Pulumi 3\.66\.0 is withdrawn \(yanked\)/);
      const { lines, error } = await captureLog(async () => {
        for (let i = 0; i < 2; i++) assert.equal((await resolve("v3.64.0"))?.pulumiVersion, "3.64.0");
      });
      assert.equal(error, undefined);
      assert.equal(files.read(file), '{\n  "3.66.0": "yanked"\n}\n');
      assert.equal(lines.length, 1, "It is logged once.");
    });

    it("does not overwrite uncommitted changes", async () => {
      files.write(file, '{"3.60.0": "mine"}');
      const message = /has uncommitted changes and would be overwritten[^]*git checkout \S+withdrawn\.json$/;
      await assert.rejects(resolve("v3.64.0"), isFault(message));
      assert.equal(files.read(file), '{"3.60.0": "mine"}');
    });
  });

  it("refuses main's list if it is invalid", async () => {
    await repository.commit("Break the list", { [list]: '{"v3.66.0": "yanked"}' });
    await refused(/^images\/withdrawn\.json of origin\/main is invalid:\n {2}- "v3\.66\.0" is not a Pulumi/);
    await repository.commit("Break it more", { [list]: "{" });
    await refused(/^images\/withdrawn\.json of origin\/main is not JSON: /);
  });

  it("refuses a clone without main", async () => {
    await repository.git("update-ref", "-d", "refs/remotes/origin/main");
    await refused(/^origin\/main has no images\/withdrawn\.json: [^]*Fetch the branch: git fetch origin main\.$/);
  });
});
