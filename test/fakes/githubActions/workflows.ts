// A fake of GitHub Actions: events of a bare repository start the workflows that are in it, as on GitHub.
import { mkdtempSync } from "node:fs";
import { join, matchesGlob } from "node:path";

import { parse } from "yaml";

import { type Contexts, type EndedJob, type Job, fill, runJob } from "./job";
import { git } from "../../helpers/scratchRepository";
import { changeState, draftNotes, stateVariable } from "../gh/state";

type Event =
  | { readonly name: "push"; readonly ref: string; readonly commit: string }
  | { readonly name: "workflow_dispatch"; readonly ref: string; readonly commit: string; readonly tag: string };

/** A run of the release workflow in the queue. */
export interface Run {
  readonly title: string;
  /** Its concurrency group, which runs one at a time. */
  readonly group: string;
  readonly event: Event;
}

/** How a run ended: its job `release`, and the conclusion and the log of all jobs. */
export type Ended = EndedJob & { readonly title: string };

/** The parts of the release workflow that run here, and the preview workflow's. */
interface Workflow {
  readonly "run-name": string;
  readonly on: { readonly push: { readonly tags: string[] } };
  readonly concurrency: { readonly group: string };
  readonly jobs: Readonly<Record<"release" | "notes" | "stacks", Job>>;
}

/** More tags than this in one push create no event: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
const tagsOfAPush = 3;

const repository = "owner/runner-pulumi";

/** The workflows of a repository, and the queue of the release workflow's runs. */
export class Actions {
  /** Runs that have not started, the oldest first. */
  readonly queue: Run[] = [];
  private tags = new Map<string, string>();

  constructor(
    private readonly remote: string,
    private readonly folder: string,
    /** The environment variables of a runner. */
    private readonly env: NodeJS.ProcessEnv,
    /** The variables of the repository, `vars`. */
    private readonly vars: Readonly<Record<string, string>>,
    /** The state of the fake gh: see test/fakes/gh. */
    private readonly gitHub: string,
  ) {
    changeState(gitHub, { repository: remote });
  }

  /** Queues the runs of the tags that were pushed since the last call. Call it after every push: each is an event. */
  async notice(): Promise<void> {
    const previous = this.tags;
    this.tags = await this.remoteTags();
    for (const tag of previous.keys()) if (!this.tags.has(tag)) draftNotes(this.gitHub, tag);
    const pushed = [...this.tags].filter(([tag, commit]) => previous.get(tag) !== commit);
    if (pushed.length > tagsOfAPush) return;
    for (const [tag, commit] of pushed) await this.enqueue({ name: "push", ref: `refs/tags/${tag}`, commit });
  }

  /** Queues a run of main's workflow for a tag, as a person or the watcher does. */
  async dispatch(tag: string): Promise<void> {
    const commit = await git(this.remote, "rev-parse", "main");
    await this.enqueue({ name: "workflow_dispatch", ref: "refs/heads/main", commit, tag });
  }

  /** Runs the whole queue in this order. */
  async drain(order: "first in, first out" | "last in, first out" = "first in, first out"): Promise<Ended[]> {
    const ended: Ended[] = [];
    while (this.queue.length > 0) {
      const run = order === "first in, first out" ? this.queue.shift() : this.queue.pop();
      if (run !== undefined) ended.push(await this.start(run));
    }
    return ended;
  }

  /** Runs the preview workflow's job for the stacks, at the head of a branch, for the pull request of this number. */
  async preview(branch: string, number: number): Promise<EndedJob> {
    const commit = await git(this.remote, "rev-parse", branch);
    const { jobs } = await this.workflowAt(commit, "preview");
    const event = { pull_request: { number, head: { repo: { full_name: repository } } } };
    return this.runJobs(commit, { github: { event } })(jobs.stacks);
  }

  private async remoteTags(): Promise<Map<string, string>> {
    const text = await git(this.remote, "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags");
    const lines = text.split("\n").filter(Boolean);
    return new Map(lines.map((line) => line.split(" ") as [string, string]));
  }

  private async enqueue(event: Event): Promise<void> {
    const workflow = await this.workflowAt(event.commit);
    const contexts = this.contexts(event);
    const tag = event.ref.replace("refs/tags/", "");
    if (event.name === "push" && !workflow.on.push.tags.some((pattern) => matchesGlob(tag, pattern))) return;
    const [title, group] = [fill(workflow["run-name"], contexts), fill(workflow.concurrency.group, contexts)];
    this.queue.push({ title, group, event });
  }

  /** The workflow of the event's own commit, which is the one that GitHub runs. */
  private async workflowAt(commit: string, name = "release"): Promise<Workflow> {
    return parse(await git(this.remote, "show", `${commit}:.github/workflows/${name}.yml`)) as Workflow;
  }

  private contexts(event: Event) {
    const inputs = event.name === "push" ? {} : { tag: event.tag };
    const github = { event_name: event.name, ref: event.ref, ref_name: event.ref.replace(/^refs\/(tags|heads)\//, "") };
    return { github, inputs };
  }

  private async start({ title, event }: Run): Promise<Ended> {
    const { jobs } = await this.workflowAt(event.commit);
    const run = this.runJobs(event.commit, this.contexts(event), { GITHUB_EVENT_NAME: event.name });
    const release = await run(jobs.release);
    // Without a condition of its own about the status, a job runs only if the one that it needs succeeds.
    if (release.conclusion !== "success") return { ...release, title };
    const notes = await run(jobs.notes, { needs: { release: { outputs: release.outputs } } });
    const conclusion = notes.conclusion === "failure" ? "failure" : "success";
    return { ...release, title, conclusion, log: release.log + notes.log };
  }

  /** Returns a function that runs jobs of one workflow run, which share artifacts. */
  private runJobs(
    commit: string,
    { github, ...others }: { readonly github: object; readonly inputs?: object },
    variables: NodeJS.ProcessEnv = {},
  ) {
    const { remote, folder, vars } = this;
    const artifacts = mkdtempSync(join(folder, "artifacts-"));
    const env = { ...this.env, ...variables, [stateVariable]: this.gitHub };
    const contexts = { github: { ...github, repository, token: "of the workflow" }, vars, ...others };
    return (job: Job, more: Contexts = {}) =>
      runJob({ job, contexts: { ...contexts, ...more }, commit, remote, folder, artifacts, env });
  }
}
