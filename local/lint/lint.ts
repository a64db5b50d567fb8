import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { Clone } from "../../lib/git";
import { log, logHeading } from "../../lib/log";
import { checkout } from "../folder";
import { type Linters, ensureLinters } from "./linters";

/** Lints the workflows, actions and shell scripts of a checkout and prints all findings. */
export async function runLinters(root = checkout): Promise<void> {
  logHeading("Linting workflows and shell scripts");
  const results = await lint(await ensureLinters(), root);
  const refusals = results.filter(({ findings }) => findings !== "");
  for (const { linter, findings } of results) {
    log(linter, findings === "" ? "no findings" : "findings:");
    if (findings !== "") console.log(findings);
  }
  if (refusals.length === 0) return;
  throw new Fault(
    `${refusals.map(({ linter }) => linter).join(" and ")} found problems, listed above. ` +
      "Fix them, or add an exception with its reason: to .github/actionlint.yaml, to .github/zizmor.yml, " +
      `or as "# shellcheck disable=SC…" above the line.`,
  );
}

/**
 * Runs the linters on a checkout with this checkout's config. What else the machine has does not matter.
 * @returns what each one prints if it refuses: findings, or why it could not read a file
 */
export async function lint({ actionlint, zizmor, shellcheck }: Linters, root: string) {
  const scripts = await listShellScripts(root);
  return Promise.all([
    run(actionlint, listWorkflows(root), root),
    run(zizmor, [".github"], root),
    // Without files, shellcheck fails.
    ...(scripts.length === 0 ? [] : [run(shellcheck, scripts, root)]),
  ]);
}

async function run({ program, title, args }: Linters[keyof Linters], files: readonly string[], cwd: string) {
  const options = { cwd, env: {}, extendEnv: false, reject: false, all: true } as const;
  const { failed, all, shortMessage } = await execa(program, [...args, ...files], options);
  // A program that could not be started printed nothing.
  return { linter: title, findings: failed ? all || String(shortMessage) : "" };
}

/** Lists the workflows of a checkout by their paths in it. There must be one. */
export function listWorkflows(root: string): string[] {
  const workflows = globSync(".github/workflows/*.{yml,yaml}", { cwd: root }).sort();
  if (workflows.length > 0) return workflows;
  // Without files, actionlint would search for a repository itself.
  throw new Fault(`${join(root, ".github", "workflows")} contains no workflow. Run this in a full checkout.`);
}

/** Lists the files that git tracks and that start with a shebang of sh or bash, by their paths in the checkout. */
export async function listShellScripts(root: string): Promise<string[]> {
  const files = (await new Clone(root).git("ls-files", "-z")).split("\0").filter(Boolean);
  const shebang = /^#!\s*\S*\/(env\s+)?(ba)?sh\b/;
  const isScript = (path: string) => existsSync(path) && shebang.test(readFileSync(path, "latin1"));
  return files.filter((file) => isScript(join(root, file)));
}
