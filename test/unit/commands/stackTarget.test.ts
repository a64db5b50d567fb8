import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { configureStack, resolveRun } from "../../../commands/stackTarget";
import { Fault } from "../../../lib/errors";
import { Clone } from "../../../lib/git";
import { captureLog } from "../../helpers/captureLog";
import { ScratchRepository } from "../../helpers/scratchRepository";
import { withEnvironment } from "../../helpers/withEnvironment";

const release = { stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" } as const;

describe("stackTarget", () => {
  let folder: string;
  let repository: ScratchRepository;
  let clone: Clone;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "target-"));
    repository = await ScratchRepository.create(folder);
    await repository.commit("Start", { "images/withdrawn.json": "{}\n" });
    clone = new Clone(repository.clone);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("resolves a tag at the commit of the checkout", async () => {
    await repository.pushTag("v3.66.0", "HEAD");
    assert.deepEqual(await resolveRun("v3.66.0", clone, "push"), release);
  });

  it("leaves a tag to the run of a later push if it is at another commit now", async () => {
    await repository.pushTag("v3.66.0", "HEAD");
    await repository.git("commit", "--quiet", "--allow-empty", "--message=Next");
    const { lines, error } = await captureLog(async () =>
      assert.equal(await resolveRun("v3.66.0", clone, "push"), undefined),
    );
    assert.equal(error, undefined);
    assert.match(
      lines.join("\n"),
      /v3\.66\.0 +now at [0-9a-f]{40}, this run is for [0-9a-f]{40}: the run of the later/,
    );
    assert.deepEqual(await resolveRun("v3.66.0", clone, "workflow_dispatch"), release);
  });

  it("refuses a dispatch of a tag that the repository does not have; a person may try one first", async () => {
    await assert.rejects(resolveRun("v3.66.0", clone, "workflow_dispatch"), {
      message: "The repository has no tag v3.66.0. Push it: that releases it.",
    });
    assert.deepEqual(await resolveRun("v3.66.0", clone, undefined), release);
  });

  it("refuses a version that main withdraws, whatever the checkout says", async () => {
    await repository.commit("Withdraw", { "images/withdrawn.json": '{"3.66.0": "a test"}' });
    await repository.git("checkout", "--quiet", "HEAD~1");
    await assert.rejects(resolveRun("v3.66.0", clone, undefined), /Pulumi 3\.66\.0 is withdrawn \(a test\)/);
    assert.deepEqual((await resolveRun("v3.64.0", clone, undefined))?.pulumiVersion, "3.64.0");
    // For the program, which reads the checkout's list.
    const file = join(repository.clone, "images", "withdrawn.json");
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { "3.66.0": "a test" });
  });

  it("refuses what is not a release tag before it reads the network", () =>
    assert.rejects(resolveRun("3.66.0", new Clone(folder), "push"), /"3\.66\.0" is not a release tag/));

  describe("configureStack", () => {
    const run = (script: string) => {
      writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho "$*" >>${folder}/calls\n${script}\n`, { mode: 0o755 });
      const env = { PATH: [folder, process.env["PATH"]].join(delimiter), PULUMI_ORGANIZATION: "acme" };
      return captureLog(() => withEnvironment(env, () => configureStack(release, folder)));
    };

    it("selects the stack of the organization and sets version and tag", async () => {
      assert.equal((await run("true")).error, undefined);
      assert.deepEqual(readFileSync(join(folder, "calls"), "utf8").trim().split("\n"), [
        "stack select acme/prod --non-interactive",
        "config set-all --plaintext pulumiVersion=3.66.0 --plaintext tag=v3.66.0 --non-interactive",
      ]);
    });

    it("reports a stack that does not exist without a stack trace", async () => {
      const { error } = await run("echo error: no stack named prod >&2; exit 255");
      assert.ok(error instanceof Fault);
      assert.match(
        error.message,
        /^Could not select stack acme\/prod: error: no stack named prod\nCreate it once: see docs/,
      );
    });
  });
});
