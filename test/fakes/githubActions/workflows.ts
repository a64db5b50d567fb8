// A fake of GitHub Actions: events of a bare repository start the workflows that are in it, as on GitHub.
import { mkdtempSync } from "node:fs";
import { join, matchesGlob } from "node:path";

import { parse } from "yaml";

import { type EndedJob, type Job, fill, runJob } from "./job";
import { git } from "../../helpers/scratchRepository";
import { changeState, draftNotes, readState, stateVariable } from "../gh/state";

/** A run of the release workflow in the queue. */
interface Run {
  readonly title: string;
  /** Its concurrency group, which runs one at a time. */
  readonly group: string;
  readonly commit: string;
  readonly contexts: {
    readonly github: Readonly<Record<"event_name" | "ref" | "ref_name", string>>;
    readonly inputs: { readonly tag?: string };
  };
}

/** How a run ended: one job, and the conclusion and the log of all jobs. */
export interface Ended extends EndedJob {
  readonly title: string;
  /** The jobs that were not skipped. */
  readonly ran: readonly string[];
}

/** The jobs that run here, in their order. Those of a workflow that are not among them do nothing here. */
const jobNames = { release: ["plan", "arm64", "release", "notes"], preview: ["released", "arm64", "stacks"] } as const;

/** The parts of the release workflow that run here, and the preview workflow's. */
interface Workflow {
  readonly "run-name": string;
  readonly on: { readonly push: { readonly tags: string[] } };
  readonly concurrency: { readonly group: string };
  readonly jobs: Readonly<Record<string, Job>>;
}

/** More tags than this in one push create no event: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
const tagsOfAPush = 3;

const repository = "owner/runner-pulumi";

/** The workflows of a repository, and the queue of the release workflow's runs. */
export class Actions {
  /** Runs that have not started, the oldest first. */
  readonly queue: Run[] = [];
  /** The environment variables of a runner in addition to all runners' own, by label. */
  machines: Readonly<Record<string, NodeJS.ProcessEnv>> = {};
  /** What happens after each job of a run that is not skipped. Its artifacts are in the folder. */
  afterJob: (name: string, artifacts: string) => Promise<void> | void = () => undefined;
  private tags = new Map<string, string>();

  constructor(
    private readonly remote: string,
    private readonly folder: string,
    /** The environment variables of a runner. */
    private readonly env: NodeJS.ProcessEnv,
    /** The variables of the repository, `vars`. */
    public vars: Readonly<Record<string, string>>,
    /** The state of the fake gh: see test/fakes/gh. */
    private readonly gitHub: string,
  ) {
    changeState(gitHub, { repository: remote });
  }

  /** Queues the runs of the tags that were pushed since the last call. Call it after every push: each is an event. */
  async notice(): Promise<void> {
    const previous = this.tags;
    const list = await git(this.remote, "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags");
    const lines = list.split("\n").filter(Boolean);
    this.tags = new Map(lines.map((line) => line.split(" ") as [string, string]));
    for (const tag of previous.keys()) if (!this.tags.has(tag)) draftNotes(this.gitHub, tag);
    const pushed = [...this.tags].filter(([tag, commit]) => previous.get(tag) !== commit);
    if (pushed.length > tagsOfAPush) return;
    for (const [tag, commit] of pushed) {
      const { on } = await this.workflowAt(commit);
      if (!on.push.tags.some((pattern) => matchesGlob(tag, pattern))) continue;
      await this.enqueue(commit, {
        github: { event_name: "push", ref: `refs/tags/${tag}`, ref_name: tag },
        inputs: {},
      });
    }
  }

  /** Queues a run of main's workflow for a tag, as a person or the watcher does. */
  async dispatch(tag: string): Promise<void> {
    const commit = await git(this.remote, "rev-parse", "main");
    const github = { event_name: "workflow_dispatch", ref: "refs/heads/main", ref_name: "main" };
    await this.enqueue(commit, { github, inputs: { tag } });
  }

  /** Runs the whole queue in this order. */
  async drain(order: "first in, first out" | "last in, first out" = "first in, first out"): Promise<Ended[]> {
    const runs = this.queue.splice(0);
    const ended: Ended[] = [];
    for (const run of order === "first in, first out" ? runs : runs.reverse()) ended.push(await this.start(run));
    return ended;
  }

  /** Runs the preview workflow's job for the stacks, at the head of a branch, for the pull request of this number. */
  async preview(branch: string, number: number): Promise<EndedJob> {
    const commit = await git(this.remote, "rev-parse", branch);
    const event = { pull_request: { number, head: { repo: { full_name: repository } } } };
    return this.runJobs("preview", "stacks", commit, { github: { event, event_name: "pull_request" } });
  }

  private async enqueue(commit: string, contexts: Run["contexts"]): Promise<void> {
    const { "run-name": name, concurrency } = await this.workflowAt(commit);
    this.queue.push({ title: fill(name, contexts), group: fill(concurrency.group, contexts), commit, contexts });
  }

  /** The workflow of the event's own commit, which is the one that GitHub runs. */
  private async workflowAt(commit: string, name = "release"): Promise<Workflow> {
    return parse(await git(this.remote, "show", `${commit}:.github/workflows/${name}.yml`)) as Workflow;
  }

  private async start({ title, commit, contexts }: Run): Promise<Ended> {
    const ended = await this.runJobs("release", "release", commit, contexts);
    const { event_name: event } = contexts.github;
    const run = { conclusion: ended.conclusion, event, headSha: commit, displayTitle: title };
    changeState(this.gitHub, { runs: [run, ...readState(this.gitHub).runs] });
    return { ...ended, title };
  }

  /** Runs the jobs of one workflow run, which share artifacts. @param result the job whose result is returned */
  private async runJobs(
    workflow: keyof typeof jobNames,
    result: string,
    commit: string,
    {
      github,
      ...others
    }: {
      readonly github: Readonly<Record<string, unknown>> & { readonly event_name: string };
      readonly inputs?: object;
    },
  ): Promise<Omit<Ended, "title">> {
    const { remote, folder, vars } = this;
    const artifacts = mkdtempSync(join(folder, "artifacts-"));
    const { jobs } = await this.workflowAt(commit, workflow);
    const env = { ...this.env, GITHUB_EVENT_NAME: github.event_name, [stateVariable]: this.gitHub };
    const own = { repository, token: "of the workflow", sha: commit, run_attempt: 1 };
    const contexts = { github: { ...github, ...own }, vars, inputs: {}, ...others };
    const ended: Record<string, EndedJob> = {};
    // A job that was skipped or failed counts for those that need it at any distance:
    // https://github.com/actions/runner/issues/491
    const tainted = new Set<string>();
    for (const name of jobNames[workflow]) {
      const job = jobs[name];
      if (job === undefined) continue;
      const needed = [job.needs ?? []].flat().map((need) => [need, ended[need]] as const);
      const needs = needed.map(([need, { conclusion, outputs } = {}]) => [need, { result: conclusion, outputs }]);
      ended[name] = await runJob({
        ...{ job, commit, remote, folder, artifacts },
        contexts: { ...contexts, needs: Object.fromEntries(needs) as object },
        failed: needed.some(([need]) => tainted.has(need)),
        env: { ...env, ...this.machines[fill(job["runs-on"] ?? "", contexts)] },
      });
      const isClean = ended[name].conclusion === "success" && !needed.some(([need]) => tainted.has(need));
      if (!isClean) tainted.add(name);
      if (ended[name].conclusion !== "skipped") await this.afterJob(name, artifacts);
    }
    const all = Object.values(ended);
    const conclusion = all.some((job) => job.conclusion === "failure") ? "failure" : "success";
    const log = all.map((job) => job.log).join("");
    const ran = Object.keys(ended).filter((name) => ended[name]?.conclusion !== "skipped");
    return { ...(ended[result] as EndedJob), conclusion, log, ran };
  }
}
