import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { logHeading, log } from "../../lib/log";
import { checkout } from "../folder";
import { type Linters, ensureLinters } from "./linters";

/** What a linter says about the workflows. */
export interface Verdict {
  /** The linter's name and version. */
  readonly linter: string;
  readonly passed: boolean;
  /** The findings as the linter prints them, or why it could not read a file. Nothing where it passed. */
  readonly findings: string;
}

/**
 * Lints the workflows and actions of a folder, else of this checkout, and prints what is found. Throws a Fault when a
 * linter has a finding or cannot be had, or when there is no workflow.
 */
export async function runLinters(root = checkout): Promise<void> {
  logHeading("Linting .github");
  const refused: string[] = [];
  for (const { linter, passed, findings } of await lint(await ensureLinters(), root)) {
    log(linter, passed ? "nothing found" : "found:");
    if (passed) continue;
    console.log(findings);
    refused.push(linter);
  }
  if (refused.length === 0) return;
  throw new Fault(
    `.github is refused by ${refused.join(" and ")}, see the findings above. Mend what they name. What is right as ` +
      `it is, except in .github/actionlint.yaml or .github/zizmor.yml, with the reason.`,
  );
}

/**
 * Runs the linters over the workflows and actions of a folder, with this checkout's config. What the machine has
 * installed or set does not change what they find. Throws a Fault when there is no workflow.
 */
export async function lint({ actionlint, zizmor }: Linters, root: string): Promise<Verdict[]> {
  const workflows = findWorkflows(root);
  return await Promise.all([
    run(`actionlint ${actionlint.version}`, root, actionlint.program, [...actionlintArguments, ...workflows]),
    run(`zizmor ${zizmor.version}`, root, zizmor.program, [...zizmorArguments, ".github"]),
  ]);
}

const config = (name: string) => join(checkout, ".github", name);

// It would run shellcheck and pyflakes where they are on PATH, in any version.
const actionlintArguments = ["-shellcheck=", "-pyflakes=", "-no-color", "-config-file", config("actionlint.yaml")];

const zizmorArguments = [
  ...["--offline", "--no-progress", "--quiet", "--color=never", "--format=plain"],
  // A file that is no workflow is refused, not skipped; and one that .gitignore names is read, as actionlint does.
  ...["--persona=pedantic", "--strict-collection", "--collect=all"],
  ...["--config", config("zizmor.yml")],
];

function findWorkflows(root: string): string[] {
  const folder = join(".github", "workflows");
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
  const workflows = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  // Without files to read, actionlint would look for a repository of its own choice.
  if (workflows.length === 0) throw new Fault(`${join(root, folder)} has no workflow. Run it in a whole checkout.`);
  return workflows.map((name) => join(folder, name));
}

/** Every exit code but 0 is a refusal: findings, and files that cannot be read. */
async function run(linter: string, cwd: string, program: string, args: readonly string[]): Promise<Verdict> {
  const result = await execa(program, args, { cwd, env: {}, extendEnv: false, reject: false, all: true });
  // A program that could not be started has said nothing.
  const said = result.all || String(result.shortMessage);
  return { linter, passed: !result.failed, findings: result.failed ? said : "" };
}
