// Stands in for GitHub's runners: a job's `run` steps are run for real, in a fresh clone. What actions (`uses`) do there,
// this machine's release environment does here.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";

import { execa } from "execa";

import { git, linkPackages } from "../../helpers/scratchRepository";

/** A job of a workflow, as far as it is run here. */
export interface Job {
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What expressions can name: github, inputs, vars, … */
export type Contexts = Readonly<Record<string, unknown>>;

/** A job to run. */
export interface JobRun {
  readonly job: Job;
  readonly contexts: Contexts;
  /** The repository and the commit that it is run at. */
  readonly remote: string;
  readonly commit: string;
  /** The folder that the runner's own is made in. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How a job ended. */
export interface EndedJob {
  readonly conclusion: "success" | "failure" | "skipped";
  /** What its steps printed. */
  readonly log: string;
  /** The Markdown of its summary. */
  readonly summary: string;
  /** The folder of its clone. */
  readonly workspace: string;
  /** The outputs of its steps, by their ids. */
  readonly outputs: Outputs;
}

type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Actions that this machine's environment does the work of. Any other is a fault of the test. */
const known = [
  /^actions\/(checkout|upload-artifact)@/,
  /^aws-actions\/configure-aws-credentials@/,
  /^\.\/\.github\/actions\/stack$/,
];

/** Runs a job's steps. Throws an Error where one uses an action that is not stood in for. */
export async function runJob({ job, contexts, remote, commit, folder, env }: JobRun): Promise<EndedJob> {
  const runner = mkdtempSync(join(folder, "runner-"));
  const workspace = join(runner, "workspace");
  if (job.if !== undefined && !evaluate(job.if, contexts))
    return { conclusion: "skipped", log: "", summary: "", workspace, outputs: {} };
  await git(folder, "clone", "--quiet", remote, workspace);
  await git(workspace, "checkout", "--quiet", "--detach", commit);
  await linkPackages(workspace);
  const summary = join(runner, "summary.md");
  writeFileSync(summary, "");
  const all = { ...env, GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary };
  const { failed, ...ended } = await runSteps(job, { workspace, runner, env: all, contexts });
  return { ...ended, conclusion: failed ? "failure" : "success", summary: readFileSync(summary, "utf8"), workspace };
}

/** Fills in the expressions of a text. */
export function fill(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const value = evaluate(expression, contexts) ?? "";
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

interface Runner {
  readonly workspace: string;
  readonly runner: string;
  readonly env: NodeJS.ProcessEnv;
  readonly contexts: Contexts;
}

async function runSteps(
  job: Job,
  { contexts, ...runner }: Runner,
): Promise<{ failed: boolean; log: string; outputs: Outputs }> {
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  let log = "";
  let failed = false;
  for (const step of job.steps) {
    if (step.uses !== undefined && !known.some((action) => action.test(step.uses ?? ""))) {
      throw new Error(`${step.uses} is not stood in for.`);
    }
    const all = { ...contexts, steps };
    if (step.run === undefined || !isWanted(step, all, failed)) continue;
    const ended = await runStep(step, job, { ...runner, contexts: all });
    log += `${ended.log}\n`;
    failed ||= ended.failed;
    if (step.id !== undefined) steps[step.id] = { outputs: ended.outputs };
  }
  const outputs = Object.fromEntries(Object.entries(steps).map(([id, step]) => [id, step.outputs]));
  return { failed, log, outputs };
}

/** After a failure only those are wanted whose condition asks for the job's status itself. */
function isWanted({ if: condition = "true" }: Step, contexts: Contexts, failed: boolean): boolean {
  const expression = condition.replace(/^\$\{\{(.*)\}\}$/, "$1");
  const asksForStatus = /\b(always|cancelled|failure|success)\(\)/.test(expression);
  return (asksForStatus || !failed) && Boolean(evaluate(expression, contexts));
}

async function runStep(
  { run = "", env: ofStep }: Step,
  { env: ofJob }: Job,
  { workspace, runner, env, contexts }: Runner,
): Promise<{ failed: boolean; log: string; outputs: Record<string, string> }> {
  const file = join(runner, "outputs");
  writeFileSync(file, "");
  const own = Object.entries({ ...ofJob, ...ofStep }).map(([name, value]) => [name, fill(value, contexts)]);
  const { failed, all } = await execa("bash", ["-e", "-c", run], {
    cwd: workspace,
    env: { ...env, ...Object.fromEntries(own), GITHUB_OUTPUT: file },
    extendEnv: false,
    reject: false,
    all: true,
  });
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return {
    failed,
    log: all,
    outputs: Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string])),
  };
}

/** The expressions that these workflows use mean the same in JavaScript; a step that was skipped has no outputs. */
function evaluate(expression: string, contexts: Contexts): unknown {
  const functions = {
    startsWith: (text: string, start: string) => text.startsWith(start),
    cancelled: () => false,
  };
  const withoutSkipped = expression.replace(/steps\.(\w+)\.outputs\.(\w+)/g, "(steps.$1?.outputs.$2 ?? '')");
  return runInNewContext(withoutSkipped, { ...contexts, ...functions });
}
