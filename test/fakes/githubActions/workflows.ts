// Stands in for GitHub Actions: events of a bare repository start the workflows that are in it, as GitHub would.
import { parse } from "yaml";

import { type Contexts, type EndedJob, type Job, fill, runJob } from "./job";
import { git } from "../../helpers/scratchRepository";

type Event =
  | { readonly name: "push"; readonly ref: string; readonly commit: string }
  | { readonly name: "workflow_dispatch"; readonly ref: string; readonly commit: string; readonly tag: string };

/** A run of the release workflow that waits for its turn. */
export interface Run {
  readonly title: string;
  /** Its concurrency group: one at a time of each. */
  readonly group: string;
  readonly event: Event;
}

/** How a run ended. */
export type Ended = EndedJob & { readonly title: string };

interface ReleaseWorkflow {
  readonly "run-name": string;
  readonly on: { readonly push: { readonly tags: string[] } };
  readonly concurrency: { readonly group: string };
  readonly jobs: { readonly release: Job };
}

interface PreviewWorkflow {
  readonly jobs: { readonly stacks: Job };
}

/** More tags than this in one push make no event, https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
const tagsOfAPush = 3;

/** The workflows of a repository, with the queue of the release workflow's runs. */
export class Actions {
  /** Runs that wait, in the order in which they were started. */
  readonly queue: Run[] = [];
  private tags = new Map<string, string>();

  constructor(
    private readonly remote: string,
    private readonly folder: string,
    /** The environment variables of a runner. */
    private readonly env: NodeJS.ProcessEnv,
    /** The variables of the repository, `vars`. */
    private readonly vars: Readonly<Record<string, string>>,
  ) {}

  /** Starts the runs of what was pushed since the last call. Every push needs one: GitHub sees each by itself. */
  async notice(): Promise<void> {
    const before = this.tags;
    this.tags = await this.remoteTags();
    const pushed = [...this.tags].filter(([tag, commit]) => before.get(tag) !== commit);
    if (pushed.length > tagsOfAPush) return;
    for (const [tag, commit] of pushed) await this.enqueue({ name: "push", ref: `refs/tags/${tag}`, commit });
  }

  /** Starts the workflow of main for a tag, as a person or the watcher does. */
  async dispatch(tag: string): Promise<void> {
    const commit = await git(this.remote, "rev-parse", "main");
    await this.enqueue({ name: "workflow_dispatch", ref: "refs/heads/main", commit, tag });
  }

  /** Runs everything that waits, in this order. */
  async drain(order: "first in, first out" | "last in, first out" = "first in, first out"): Promise<Ended[]> {
    const ended: Ended[] = [];
    while (this.queue.length > 0) {
      const run = order === "first in, first out" ? this.queue.shift() : this.queue.pop();
      if (run !== undefined) ended.push(await this.start(run));
    }
    return ended;
  }

  /** Runs the preview workflow's job for the stacks, at the head of a branch, as a pull request of this number does. */
  async preview(branch: string, number: number, gitHub: { url: string; token: string }): Promise<EndedJob> {
    const commit = await git(this.remote, "rev-parse", branch);
    const workflow = parse(
      await git(this.remote, "show", `${commit}:.github/workflows/preview.yml`),
    ) as PreviewWorkflow;
    const repository = "owner/runner-pulumi";
    const event = { pull_request: { number, head: { repo: { full_name: repository } } } };
    const contexts = { github: { event, repository, token: gitHub.token }, vars: this.vars };
    const env = { ...this.env, GITHUB_API_URL: gitHub.url, GITHUB_REPOSITORY: repository };
    return runJob({ job: workflow.jobs.stacks, contexts, commit, remote: this.remote, folder: this.folder, env });
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
    if (event.name === "push" && !workflow.on.push.tags.some((pattern) => matches(pattern, tag))) return;
    const [title, group] = [fill(workflow["run-name"], contexts), fill(workflow.concurrency.group, contexts)];
    this.queue.push({ title, group, event });
  }

  /** GitHub runs the workflow of the event's own commit. */
  private async workflowAt(commit: string): Promise<ReleaseWorkflow> {
    return parse(await git(this.remote, "show", `${commit}:.github/workflows/release.yml`)) as ReleaseWorkflow;
  }

  private contexts(event: Event): Contexts {
    const inputs = event.name === "push" ? {} : { tag: event.tag };
    const github = { event_name: event.name, ref: event.ref, ref_name: event.ref.replace(/^refs\/(tags|heads)\//, "") };
    return { github, inputs, vars: this.vars };
  }

  private async start({ title, event }: Run): Promise<Ended> {
    const { release: job } = (await this.workflowAt(event.commit)).jobs;
    const env = { ...this.env, GITHUB_EVENT_NAME: event.name };
    const { remote, folder } = this;
    const ended = await runJob({ job, contexts: this.contexts(event), commit: event.commit, remote, folder, env });
    return { ...ended, title };
  }
}

function matches(pattern: string, tag: string): boolean {
  // Of GitHub's patterns, only a star at the end is used here.
  return pattern.endsWith("*") ? tag.startsWith(pattern.slice(0, -1)) : tag === pattern;
}
