import { join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { log, logHeading } from "../../lib/log";
import { checkout } from "../folder";
import { listShellScripts, listWorkflows } from "./lintedFiles";
import { type Linters, ensureLinters } from "./linters";

/** The result of a linter. */
export interface Verdict {
  /** The linter's name and version. */
  readonly linter: string;
  readonly passed: boolean;
  /** The findings as the linter prints them, or why it could not read a file; empty if it passed. */
  readonly findings: string;
}

/**
 * Lints the workflows, actions and shell scripts of a checkout and prints all findings.
 * @throws {Fault} if a linter finds something or is not available, or if there is no workflow
 */
export async function runLinters(root = checkout): Promise<void> {
  logHeading("Linting workflows and shell scripts");
  const refusing: string[] = [];
  for (const { linter, passed, findings } of await lint(await ensureLinters(), root)) {
    log(linter, passed ? "no findings" : "findings:");
    if (passed) continue;
    console.log(findings);
    refusing.push(linter);
  }
  if (refusing.length === 0) return;
  throw new Fault(
    `${refusing.join(" and ")} found problems, listed above. Fix them, or add an exception with its reason: ` +
      `to .github/actionlint.yaml, to .github/zizmor.yml, or as "# shellcheck disable=SC…" above the line.`,
  );
}

/**
 * Runs the linters on a checkout with this checkout's config. What else is installed or set on the machine does not matter.
 * @throws {Fault} if there is no workflow
 */
export async function lint({ actionlint, zizmor, shellcheck }: Linters, root: string): Promise<Verdict[]> {
  const workflows = listWorkflows(root);
  const scripts = await listShellScripts(root);
  return Promise.all([
    run(`actionlint ${actionlint.version}`, root, actionlint.program, [...actionlintArguments, ...workflows]),
    run(`zizmor ${zizmor.version}`, root, zizmor.program, [...zizmorArguments, ".github"]),
    // Without files, shellcheck fails.
    ...(scripts.length === 0
      ? []
      : [run(`shellcheck ${shellcheck.version}`, root, shellcheck.program, [...shellcheckArguments, ...scripts])]),
  ]);
}

const config = (name: string) => join(checkout, ".github", name);

// actionlint would run shellcheck and pyflakes if they are on PATH, in any version.
const actionlintArguments = ["-shellcheck=", "-pyflakes=", "-no-color", "-config-file", config("actionlint.yaml")];

const zizmorArguments = [
  ...["--offline", "--no-progress", "--quiet", "--color=never", "--format=plain"],
  // Refuse files that are not workflows instead of skipping them, and read ignored files as actionlint does.
  ...["--persona=pedantic", "--strict-collection", "--collect=all"],
  ...["--config", config("zizmor.yml")],
];

// The format of gcc: path:line:column: level: text [code].
const shellcheckArguments = ["--norc", "--color=never", "--format=gcc"];

/** Any exit code other than 0 is a refusal: findings, or files that cannot be read. */
async function run(linter: string, cwd: string, program: string, args: readonly string[]): Promise<Verdict> {
  const result = await execa(program, args, { cwd, env: {}, extendEnv: false, reject: false, all: true });
  // A program that could not be started printed nothing.
  const output = result.all || String(result.shortMessage);
  return { linter, passed: !result.failed, findings: result.failed ? output : "" };
}
