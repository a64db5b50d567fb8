// Stands in for GitHub Actions: events of a bare repository start the workflows that are in it, as GitHub would, and their
// `run` steps are run for real. What actions (`uses`) do there, this machine's release environment does here.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";

import { execa } from "execa";
import { parse } from "yaml";

import { git, linkPackages } from "./scratchRepository";

type Event =
  | { readonly name: "push"; readonly ref: string; readonly commit: string }
  | { readonly name: "workflow_dispatch"; readonly ref: string; readonly commit: string; readonly tag: string };

/** A run that waits for its turn. */
export interface Run {
  readonly title: string;
  /** Its concurrency group: one at a time of each. */
  readonly group: string;
  readonly event: Event;
}

/** How a run ended. */
export interface Ended {
  readonly title: string;
  readonly conclusion: "success" | "failure";
  /** What its steps printed. */
  readonly log: string;
  /** The Markdown of the job's summary. */
  readonly summary: string;
}

interface Workflow {
  readonly "run-name": string;
  readonly on: { readonly push: { readonly tags: string[] } };
  readonly concurrency: { readonly group: string };
  readonly jobs: { readonly release: Job };
}

interface Job {
  readonly if?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

type Contexts = Readonly<Record<string, unknown>>;

/** Actions that this machine's environment does the work of. Any other is a fault of the test. */
const known = [/^actions\/checkout@/, /^aws-actions\/configure-aws-credentials@/, /^\.\/\.github\/actions\/stack$/];

/** More tags than this in one push make no event, https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
const tagsOfAPush = 3;

/** The release workflow of a repository, with the queue of its runs. */
export class Actions {
  /** Runs that wait, in the order in which they were started. */
  readonly queue: Run[] = [];
  private tags = new Map<string, string>();
  private workspace = "";

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

  /** The clone of the last run that was started. */
  get lastWorkspace(): string {
    return this.workspace;
  }

  private async remoteTags(): Promise<Map<string, string>> {
    const lines = await git(this.remote, "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags");
    return new Map(
      lines
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split(" ") as [string, string]),
    );
  }

  private async enqueue(event: Event): Promise<void> {
    // GitHub runs the workflow of the event's own commit.
    const workflow = await this.workflowAt(event.commit);
    const contexts = this.contexts(event);
    const tag = event.ref.replace("refs/tags/", "");
    if (event.name === "push" && !workflow.on.push.tags.some((pattern) => matches(pattern, tag))) return;
    this.queue.push({
      title: fill(workflow["run-name"], contexts),
      group: fill(workflow.concurrency.group, contexts),
      event,
    });
  }

  private async workflowAt(commit: string): Promise<Workflow> {
    return parse(await git(this.remote, "show", `${commit}:.github/workflows/release.yml`)) as Workflow;
  }

  private contexts(event: Event): Contexts {
    const inputs = event.name === "push" ? {} : { tag: event.tag };
    const github = { event_name: event.name, ref: event.ref, ref_name: event.ref.replace(/^refs\/(tags|heads)\//, "") };
    return { github, inputs, vars: this.vars };
  }

  /** Runs the job on a fresh runner: a clone of its own, at the commit of the event. */
  private async start({ title, event }: Run): Promise<Ended> {
    const runner = mkdtempSync(join(this.folder, "runner-"));
    const workspace = join(runner, "workspace");
    this.workspace = workspace;
    await git(this.folder, "clone", "--quiet", this.remote, workspace);
    await git(workspace, "checkout", "--quiet", "--detach", event.commit);
    await linkPackages(workspace);
    const { release: job } = (await this.workflowAt(event.commit)).jobs;
    const contexts = this.contexts(event);
    if (job.if !== undefined && !evaluate(job.if, contexts))
      return { title, conclusion: "success", log: "", summary: "" };
    const summary = join(runner, "summary.md");
    writeFileSync(summary, "");
    const env = { ...this.env, GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: event.name, GITHUB_STEP_SUMMARY: summary };
    const { failed, log } = await runSteps(job, { workspace, runner, env, contexts });
    return { title, conclusion: failed ? "failure" : "success", log, summary: readFileSync(summary, "utf8") };
  }
}

interface Runner {
  readonly workspace: string;
  readonly runner: string;
  readonly env: NodeJS.ProcessEnv;
  readonly contexts: Contexts;
}

async function runSteps(
  job: Job,
  { workspace, runner, env, contexts }: Runner,
): Promise<{ failed: boolean; log: string }> {
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  let log = "";
  for (const [index, step] of job.steps.entries()) {
    const all = { ...contexts, steps };
    if (step.uses !== undefined && !known.some((action) => action.test(step.uses ?? ""))) {
      throw new Error(`${step.uses} is not stood in for.`);
    }
    if (step.run === undefined || (step.if !== undefined && !evaluate(step.if, all))) continue;
    const outputs = join(runner, `outputs-${index}`);
    writeFileSync(outputs, "");
    const own = Object.entries({ ...job.env, ...step.env }).map(([name, value]) => [name, fill(value, all)]);
    const { failed, all: output } = await execa("bash", ["-e", "-c", step.run], {
      cwd: workspace,
      env: { ...env, ...Object.fromEntries(own), GITHUB_OUTPUT: outputs },
      extendEnv: false,
      reject: false,
      all: true,
    });
    log += `${output}\n`;
    if (failed) return { failed, log };
    if (step.id !== undefined) steps[step.id] = { outputs: readOutputs(outputs) };
  }
  return { failed: false, log };
}

function readOutputs(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => line.split("=", 2) as [string, string]));
}

/** Fills in the expressions of a text. */
function fill(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const value = evaluate(expression, contexts) ?? "";
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

/** The expressions that these workflows use mean the same in JavaScript; a step that was skipped has no outputs. */
function evaluate(expression: string, contexts: Contexts): unknown {
  const functions = { startsWith: (text: string, start: string) => text.startsWith(start) };
  const withoutSkipped = expression.replace(/steps\.(\w+)\.outputs\.(\w+)/g, "(steps.$1?.outputs.$2 ?? '')");
  return runInNewContext(withoutSkipped, { ...contexts, ...functions });
}

function matches(pattern: string, tag: string): boolean {
  // Of GitHub's patterns, only a star at the end is used here.
  return pattern.endsWith("*") ? tag.startsWith(pattern.slice(0, -1)) : tag === pattern;
}
