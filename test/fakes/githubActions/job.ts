// A fake of GitHub's runners: the `run` steps of a job run for real, in a folder of their own. A few actions (`uses`) are
// replaced by what they do for these workflows, and this machine's release environment replaces the others.
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { runInNewContext } from "node:vm";

import { execa } from "execa";

import { git, linkPackages } from "../../helpers/scratchRepository";

type Texts = Readonly<Record<string, string>>;

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Texts;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly "continue-on-error"?: boolean;
}

/** A job of a workflow, as far as it runs here. */
export interface Job {
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly "runs-on"?: string;
  readonly env?: Texts;
  readonly outputs?: Texts;
  readonly steps: readonly Step[];
}

/** The objects that expressions can name: github, inputs, vars, … */
export type Contexts = Readonly<Record<string, unknown>>;

interface JobRun {
  readonly job: Job;
  readonly contexts: Contexts;
  /** Whether a job that it needs did not succeed. */
  readonly failed?: boolean;
  /** The repository and the commit that the job checks out. */
  readonly remote: string;
  readonly commit: string;
  /** The folder for the runner's files. */
  readonly folder: string;
  /** The folder for the artifacts of the job's workflow run. */
  readonly artifacts: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How a job ended. */
export interface EndedJob {
  readonly conclusion: "success" | "failure" | "skipped";
  /** Everything that its steps printed. */
  readonly log: string;
  /** Markdown. */
  readonly summary: string;
  /** The folder that its steps ran in. */
  readonly workspace: string;
  readonly outputs: Texts;
}

type Runner = JobRun & Pick<EndedJob, "workspace">;

/** The actions of the workflows. Those that do nothing are the work of this machine's environment. */
const actions: Readonly<Record<string, (inputs: Texts, runner: Runner) => Promise<void> | void>> = {
  "actions/checkout": async (_, { remote, commit, workspace }) => {
    await git(workspace, "clone", "--quiet", remote, ".");
    await git(workspace, "checkout", "--quiet", "--detach", commit);
    await linkPackages(workspace);
  },
  /** Stores the files and folders of a pattern without the folders before its first wildcard. */
  "actions/upload-artifact": ({ name = "", path = "" }, { artifacts, workspace }) => {
    const files = globSync(path, { cwd: workspace });
    if (files.length === 0) throw new Error(`No files were found with the provided path: ${path}`);
    for (const file of files) {
      cpSync(join(workspace, file), join(artifacts, name, basename(file)), {
        recursive: true,
        preserveTimestamps: true,
      });
    }
  },
  "actions/download-artifact": ({ name = "", path = "." }, { artifacts, workspace }) =>
    cpSync(join(artifacts, name), join(workspace, path), { recursive: true }),
  "aws-actions/configure-aws-credentials": () => undefined,
  "./.github/actions/stack": () => undefined,
};

/**
 * Runs a job's steps.
 * @throws {Error} if one uses an action that has no fake
 */
export async function runJob(run: JobRun): Promise<EndedJob> {
  const { job } = run;
  const runner = mkdtempSync(join(run.folder, "runner-"));
  const [workspace, summary] = [join(runner, "workspace"), join(runner, "summary.md")];
  if (!shouldRun(job, run.contexts, run.failed ?? false)) {
    return { conclusion: "skipped", workspace, log: "", summary: "", outputs: {} };
  }
  mkdirSync(workspace);
  writeFileSync(summary, "");
  const files = { GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: join(runner, "outputs") };
  const env = { ...run.env, GITHUB_ACTIONS: "true", ...files };
  const steps: Record<string, Pick<EndedJob, "outputs">> = {};
  const contexts = { ...run.contexts, steps };
  let log = "";
  let failed = false;
  for (const step of job.steps) {
    if (!shouldRun(step, contexts, failed)) continue;
    const ended = await runStep(step, { ...run, contexts, env, workspace });
    log += `${ended.log}\n`;
    failed ||= ended.failed && step["continue-on-error"] !== true;
    if (step.id !== undefined) steps[step.id] = ended;
  }
  const conclusion = failed ? "failure" : "success";
  return {
    conclusion,
    workspace,
    log,
    summary: readFileSync(summary, "utf8"),
    outputs: fillAll(job.outputs, contexts),
  };
}

/** After a failure, only jobs and steps run whose condition checks the status. */
function shouldRun({ if: condition = "true" }: Pick<Step, "if">, contexts: Contexts, failed: boolean): boolean {
  const expression = condition.replace(/^\$\{\{(.*)\}\}$/, "$1");
  const checksStatus = /\b(always|cancelled|failure|success)\(\)/.test(expression);
  return (checksStatus || !failed) && Boolean(evaluate(expression, contexts));
}

async function runStep(step: Step, runner: Runner) {
  const { job, workspace, env, contexts } = runner;
  if (step.uses !== undefined) {
    const action = actions[step.uses.replace(/@.*/, "")];
    if (action === undefined) throw new Error(`${step.uses} has no fake.`);
    const running = Promise.resolve(fillAll(step.with, contexts)).then((inputs) => action(inputs, runner));
    const error = await running.then(() => undefined, String);
    return { failed: error !== undefined, log: error ?? "", outputs: {} };
  }
  const file = env["GITHUB_OUTPUT"] ?? "";
  writeFileSync(file, "");
  const own = fillAll({ ...job.env, ...step.env }, contexts);
  const options = { cwd: workspace, env: { ...env, ...own }, extendEnv: false, reject: false, all: true } as const;
  const { failed, all } = await execa("bash", ["-e", "-c", step.run ?? ""], options);
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  const outputs = lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]);
  return { failed, log: all, outputs: Object.fromEntries(outputs) };
}

function fillAll(texts: Readonly<Record<string, unknown>> = {}, contexts: Contexts): Texts {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fill(String(text), contexts)]));
}

/** Replaces the expressions of a text by their values. */
export function fill(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const value = evaluate(expression, contexts) ?? "";
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

/** The expressions of these workflows mean the same in JavaScript; what is not set, or was skipped, is empty. */
function evaluate(expression: string, contexts: Contexts): unknown {
  const functions = { startsWith: (text: string, start: string) => text.startsWith(start), cancelled: () => false };
  const withoutSkipped = expression
    .replace(/(steps|needs)\.(\w+)\.outputs\.(\w+)/g, "($1.$2?.outputs.$3 ?? '')")
    .replace(/\bvars\.(\w+)/g, "(vars.$1 ?? '')");
  return runInNewContext(withoutSkipped, { ...contexts, ...functions });
}
