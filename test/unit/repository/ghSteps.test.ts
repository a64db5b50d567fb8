import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { parse } from "yaml";

import { checkout } from "../../../local/folder";
import { type WorkflowRun, bot, changeState, draftNotes, readState, stateVariable } from "../../fakes/gh/state";
import { type Contexts, type EndedJob, type Job, runJob } from "../../fakes/githubActions/job";
import { readFile } from "../../helpers/checkoutFiles";
import { ScratchRepository } from "../../helpers/scratchRepository";

function readJob(workflow: string, job: string): Job {
  const { jobs } = parse(readFile(`.github/workflows/${workflow}.yml`)) as { jobs: Record<string, Job> };
  return jobs[job] ?? assert.fail(job);
}

describe("the workflows' steps with gh", () => {
  let folder: string;
  let repository: ScratchRepository;
  let state: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "gh-"));
    repository = await ScratchRepository.create(folder);
    await repository.commit("Start", {});
    state = join(folder, "github.json");
    changeState(state, { repository: repository.remote });
  });
  after(() => rmSync(folder, { recursive: true }));

  function run(job: Job, contexts: Contexts, artifacts = folder): Promise<EndedJob> {
    const event = { pull_request: { number: 7 } };
    const github = { repository: "owner/runner-pulumi", token: "of the workflow", event };
    const path = [join(checkout, "test", "fakes", "gh"), process.env["PATH"]].join(delimiter);
    const env = { PATH: path, LC_ALL: "C", [stateVariable]: state };
    return runJob({ job, contexts: { github, ...contexts }, remote: "", commit: "", folder, artifacts, env });
  }

  describe("publish release notes", () => {
    async function publish(tag: string, body = ""): Promise<EndedJob> {
      const artifacts = mkdtempSync(join(folder, "artifacts-"));
      mkdirSync(join(artifacts, `inventory-${tag}`));
      writeFileSync(join(artifacts, `inventory-${tag}`, `inventory-${tag}.md`), body);
      return run(
        readJob("release", "notes"),
        { needs: { release: { result: "success", outputs: { tag } } } },
        artifacts,
      );
    }

    const published = (tagName: string, body: string, isLatest = false) => ({
      ...{ tagName, title: tagName, body, isDraft: false, isLatest },
    });
    const body = "`touch hacked` $(touch hacked) ${{ github.token }}\n";

    it("of the highest version as GitHub's latest, without expanding anything in them", async () => {
      for (const tag of ["v3.9.0", "v3.10.0"]) {
        await repository.pushTag(tag, "HEAD");
        const { conclusion, log } = await publish(tag, body);
        assert.equal(conclusion, "success", log);
      }
      assert.deepEqual(readState(state).releases, [published("v3.10.0", body, true), published("v3.9.0", body)]);
    });

    it("of an older version later, and leave GitHub's latest", async () => {
      await repository.pushTag("v3.8.0", "HEAD");
      await publish("v3.8.0", "older");
      await publish("v3.9.0", "edited");
      assert.deepEqual(readState(state).releases, [
        published("v3.9.0", "edited"),
        published("v3.8.0", "older"),
        published("v3.10.0", body, true),
      ]);
    });

    it("again if their tag was deleted and pushed again, which makes them a draft", async () => {
      draftNotes(state, "v3.10.0");
      await publish("v3.10.0", "again");
      assert.deepEqual(readState(state).releases[0], published("v3.10.0", "again", true));
    });

    it("as GitHub's latest if those of every higher version are drafts", async () => {
      draftNotes(state, "v3.10.0");
      await publish("v3.9.0", "edited");
      assert.deepEqual(readState(state).releases.find(({ tagName }) => tagName === "v3.9.0")?.isLatest, true);
    });

    it("of no tag that was deleted meanwhile: that would create it", async () => {
      draftNotes(state, "v3.10.0");
      const { releases } = readState(state);
      await repository.deleteTag("v3.10.0");
      for (const tag of ["v3.10.0", "v3.11.0"]) {
        const { conclusion, log } = await publish(tag);
        assert.equal(conclusion, "failure");
        assert.match(log, new RegExp(`tag ${tag} doesn't exist`));
      }
      assert.deepEqual(readState(state).releases, releases);
    });

    it("of no other tag", async () => {
      for (const tag of ["dev-v3.9.0", "latest", ""]) assert.equal((await publish(tag)).conclusion, "skipped");
    });

    it("never, if GitHub fails: notes that cannot be listed are not taken for missing", async () => {
      const before = readFileSync(state);
      writeFileSync(state, "<html>Server Error</html>");
      assert.equal((await publish("v3.9.0")).conclusion, "failure");
      writeFileSync(state, before);
    });
  });

  describe("find out that latest only moves tags", () => {
    const runOf = (displayTitle: string, changes: Partial<WorkflowRun> = {}) => ({
      ...{ conclusion: "success", event: "push", headSha: "c1", displayTitle, ...changes },
    });
    async function plan(runs: readonly WorkflowRun[], github: object = {}): Promise<string | undefined> {
      changeState(state, { runs });
      const push = { event_name: "push", ref_name: "latest-v3.9.0", sha: "c1", run_attempt: 1 };
      const own = { repository: "owner/runner-pulumi", token: "of the workflow" };
      const { conclusion, log, outputs } = await run(readJob("release", "plan"), {
        github: { ...own, ...push, ...github },
      });
      if (conclusion === "skipped") return conclusion;
      assert.equal(conclusion, "success", log);
      return outputs["moves"];
    }

    it("if the previous run released that version at the same commit, whatever stack dev released since", async () => {
      assert.equal(await plan([runOf("Release v3.9.0")]), "tags");
      assert.equal(await plan([runOf("Release latest-v3.9.0"), runOf("Release v3.8.0")]), "tags");
      assert.equal(await plan([runOf("Release dev-v3.10.0", { headSha: "c2" }), runOf("Release v3.9.0")]), "tags");
    });

    it("but not after any other run of stack prod", async () => {
      const released = runOf("Release v3.9.0");
      const others: WorkflowRun[] = [
        runOf("Release v3.9.0", { headSha: "c2" }),
        runOf("Release v3.9.0", { conclusion: "failure" }),
        runOf("Release v3.9.0", { event: "workflow_dispatch" }),
        ...["Release v3.10.0", "Release v3.9.01", "Roll back to latest-v3.8.0"].map((title) => runOf(title)),
      ];
      for (const other of others) assert.equal(await plan([other, released]), "", other.displayTitle);
      assert.equal(await plan([]), "");
    });

    it("but not for another tag, in a run for main, or the second time", async () => {
      const changes = [
        { ref_name: "v3.9.0" },
        { event_name: "workflow_dispatch", ref_name: "main" },
        { run_attempt: 2 },
      ];
      for (const change of changes) assert.equal(await plan([runOf("Release v3.9.0")], change), "skipped");
    });

    it("but not without an answer from GitHub", async () => {
      assert.equal(await plan([runOf("Release v3.9.0")], { token: "" }), "");
    });
  });

  it("comment on a pull request once, then edit that comment, and name a stack without a review", async () => {
    const { steps, ...job } = readJob("preview", "stacks");
    const comment = steps.filter(({ name }) => name === "Comment on the pull request");
    const write = (review: string) => ({ run: `mkdir .local && echo '${review}' >.local/review-dev.md` });
    const before = { pullRequest: 7, author: "somebody", body: "A comment." };
    changeState(state, { comments: [before] });
    for (const review of ["$(touch hacked)", "second"]) {
      const { conclusion, log } = await run({ ...job, if: "true", steps: [write(review), ...comment] }, { vars: {} });
      assert.equal(conclusion, "success", log);
      const body = `${review}\n\n**Stack prod:** no review. See the log of this run.\n\n`;
      assert.deepEqual(readState(state).comments, [before, { pullRequest: 7, author: bot, body }]);
    }
  });
});
