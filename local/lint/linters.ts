import { existsSync, readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { withProgress } from "../../lib/log";
import { inFolder } from "../folder";
import { goBuild, pinnedVersion } from "../offline/goModule";

/** A linter that can be run. */
export interface Linter {
  readonly version: string;
  /** The path of the program. */
  readonly program: string;
}

/** The linters of .github, by name. */
export interface Linters {
  readonly actionlint: Linter;
  readonly zizmor: Linter;
}

/**
 * Brings both linters into .local: actionlint built from its Go module, zizmor from its wheel. Throws a Fault when Go
 * or pip is missing, or when one cannot be had.
 */
export async function ensureLinters(): Promise<Linters> {
  return { actionlint: await ensureActionlint(), zizmor: await ensureZizmor() };
}

const actionlintModule = "github.com/rhysd/actionlint";

async function ensureActionlint(): Promise<Linter> {
  const version = pinnedVersion(join(__dirname, "actionlint"), actionlintModule);
  const output = inFolder("tools", `actionlint-${version}`);
  await goBuild({
    title: "actionlint",
    module: join(__dirname, "actionlint"),
    packages: [`${actionlintModule}/cmd/actionlint`],
    output,
  });
  return { version, program: join(output, "actionlint") };
}

const zizmorRequirements = join(__dirname, "zizmor", "requirements.txt");

async function ensureZizmor(): Promise<Linter> {
  const version = requiredVersion("zizmor", zizmorRequirements);
  const output = inFolder("tools", `zizmor-${version}`);
  await pipInstall({ title: "zizmor", requirements: zizmorRequirements, output });
  return { version, program: join(output, "bin", "zizmor") };
}

/** The version that a requirements.txt pins a package to. Throws an Error where it does not. */
export function requiredVersion(name: string, requirements: string): string {
  const version = new RegExp(`^${name}==(\\S+)`, "m").exec(readFileSync(requirements, "utf8"))?.[1];
  if (version === undefined) throw new Error(`${requirements} does not require ${name}==X.Y.Z.`);
  return version;
}

/** Programs to install from wheels, which a requirements.txt of this repository pins by version and sum. */
export interface PipInstall {
  /** What is installed, for people. */
  readonly title: string;
  /** The path of the requirements.txt. */
  readonly requirements: string;
  /** The folder that the packages go to. It holds nothing else. */
  readonly output: string;
}

/**
 * Installs the packages, unless the folder holds them already, from the same requirements. An installation that was
 * interrupted is done again. Throws a Fault when there is no python3 with pip, or when a wheel cannot be had or has
 * another sum.
 */
export async function pipInstall({ title, requirements, output }: PipInstall): Promise<void> {
  const wanted = readFileSync(requirements, "utf8");
  const stamp = join(output, ".installed-from");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  await requirePip(title);
  const unfinished = `${output}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await withProgress(title, "installing its wheel", () => installWheels(title, requirements, unfinished));
  await writeFile(join(unfinished, ".installed-from"), wanted);
  await rm(output, { recursive: true, force: true });
  await rename(unfinished, output);
}

async function installWheels(title: string, requirements: string, target: string): Promise<void> {
  const exactly = ["--no-deps", "--require-hashes", "--only-binary=:all:"];
  const result = await pip("install", "--quiet", ...exactly, "--target", target, "--requirement", requirements);
  if (!result.failed) return;
  const end = result.all.split("\n").slice(-15).join("\n");
  throw new Fault(
    `${title} could not be installed from ${requirements}, which names wheels by their sums. ` +
      `Retry where the network fails; add the sum of a wheel where there is none for this machine.\n${end}`,
  );
}

async function requirePip(title: string): Promise<void> {
  const { failed } = await pip("--version");
  if (!failed) return;
  throw new Fault(
    `python3 with pip is not on PATH, and ${title} is installed with it. Install python3-pip (which brings python3) ` +
      `and retry.`,
  );
}

function pip(...args: string[]) {
  // Settings for a developer's own projects, which --target contradicts.
  const env = { PIP_REQUIRE_VIRTUALENV: "0", PIP_USER: "0" };
  return execa("python3", ["-m", "pip", ...args], { env, reject: false, all: true });
}
