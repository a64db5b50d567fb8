import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { withProgress } from "../../lib/log";

/** Programs to build from a Go module of this repository, whose go.mod and go.sum pin what goes in. */
export interface GoBuild {
  /** What is built, for people. */
  readonly title: string;
  /** The folder of the go.mod. */
  readonly module: string;
  /** The import paths of the programs. */
  readonly packages: readonly string[];
  /** Go variables to set, by their full names. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The architecture as Go calls it. Without it, the machine's own. */
  readonly architecture?: string;
  /** The folder that the programs go to. It holds nothing else. */
  readonly output: string;
}

/** The environment variables of every call of go: a go.work above this checkout has no say in what its go.mods pin. */
export const goEnvironment = { GOWORK: "off" };

/**
 * Builds the programs, unless the folder holds them already, from the same module. A build that is interrupted goes on
 * where it was, because Go keeps every package that it has compiled. Throws a Fault when there is no Go, or when the
 * build fails.
 */
export async function goBuild(build: GoBuild): Promise<void> {
  const wanted = fingerprint(build);
  const stamp = join(build.output, ".built-from");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  await requireGo(build.title);
  const unfinished = `${build.output}.unfinished`;
  await mkdir(unfinished, { recursive: true });
  await withProgress(build.title, "building from its Go modules, which takes minutes", (progress) =>
    compile({ ...build, output: unfinished }, progress),
  );
  await writeFile(join(unfinished, ".built-from"), wanted);
  await rm(build.output, { recursive: true, force: true });
  await rename(unfinished, build.output);
}

async function compile(build: GoBuild, progress: { text: string }): Promise<void> {
  let downloaded = 0;
  let compiled = 0;
  const go = execa("go", goArguments(build), {
    cwd: build.module,
    env: {
      ...goEnvironment,
      CGO_ENABLED: "0",
      GOFLAGS: "-mod=readonly -buildvcs=false",
      ...(build.architecture === undefined ? {} : { GOARCH: build.architecture }),
    },
    reject: false,
    all: true,
  });
  for await (const line of go.iterable({ from: "all" })) {
    if (line.startsWith("go: downloading ")) downloaded++;
    else compiled++;
    progress.text = `${downloaded} modules downloaded, ${compiled} packages compiled`;
  }
  const result = await go;
  if (result.failed) {
    const end = result.all.split("\n").slice(-15).join("\n");
    throw new Fault(`${build.title} could not be built. ${result.shortMessage}\n${end}`);
  }
}

function goArguments({ variables = {}, output, packages }: GoBuild): string[] {
  const flags = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return ["build", "-v", "-trimpath", "-ldflags", ["-s -w", ...flags].join(" "), "-o", `${output}/`, ...packages];
}

/** What decides the programs, as a hash: another one means that they have to be built again. */
export function fingerprint(build: Omit<GoBuild, "output">): string {
  const files = readdirSync(build.module, { withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map(({ name }) => [name, readFileSync(join(build.module, name), "utf8")]);
  const inputs = JSON.stringify([texts, build.packages, build.variables, build.architecture]);
  return createHash("sha256").update(inputs).digest("hex");
}

async function requireGo(title: string): Promise<void> {
  const { failed } = await execa("go", ["version"], { reject: false });
  if (!failed) return;
  throw new Fault(`Go is not on PATH, and ${title} is built with it. Install Go (https://go.dev/dl) and retry.`);
}

/** The version of a module that a folder's go.mod requires, without its `v`. */
export function pinnedVersion(folder: string, module: string): string {
  const version = new RegExp(`${module} v(\\S+)`).exec(readFileSync(join(folder, "go.mod"), "utf8"))?.[1];
  if (version === undefined) throw new Error(`${folder}/go.mod does not require ${module}.`);
  return version;
}

/** The folder of the go.mod of a tool. */
export function toolModule(tool: string): string {
  return join(__dirname, "tools", tool);
}
