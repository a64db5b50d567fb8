import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { withProgress } from "../../lib/log";
import { fillFolderOnce } from "./fillFolder";

/** Programs to build from a Go module of this repository, whose go.mod and go.sum pin every dependency. */
export interface GoBuild {
  /** The programs' name in messages. */
  readonly title: string;
  /** The folder of the go.mod. */
  readonly module: string;
  /** The import paths of the programs. */
  readonly packages: readonly string[];
  /** Go variables to set, by their full names. */
  readonly variables?: Readonly<Record<string, string>>;
  /** GOARCH; the machine's own by default. */
  readonly architecture?: string;
  /** The folder for the programs. It holds nothing else. */
  readonly output: string;
}

/** The environment variables of every go command. A go.work above this checkout must not change what its go.mods pin. */
export const goEnvironment = { GOWORK: "off" };

/**
 * Builds the programs, unless the output folder already holds them, built from the same module. Go caches every package
 * that it compiles, so an interrupted build soon catches up.
 * @throws {Fault} if Go is missing or the build fails
 */
export async function goBuild(build: GoBuild): Promise<void> {
  await fillFolderOnce(build.output, fingerprint(build), async (output) => {
    await requireGo(build.title);
    await withProgress(build.title, "building from Go modules", (progress) => compile({ ...build, output }, progress));
  });
}

async function compile(build: GoBuild, progress: { text: string }): Promise<void> {
  const { module, architecture } = build;
  const env = {
    ...goEnvironment,
    CGO_ENABLED: "0",
    GOFLAGS: "-mod=readonly -buildvcs=false",
    ...(architecture === undefined ? {} : { GOARCH: architecture }),
  };
  const go = execa("go", goArguments(build), { cwd: module, env, reject: false, all: true });
  let downloaded = 0;
  let compiled = 0;
  for await (const line of go.iterable({ from: "all" })) {
    if (line.startsWith("go: downloading ")) downloaded++;
    else compiled++;
    progress.text = `${downloaded} modules downloaded, ${compiled} packages compiled`;
  }
  const result = await go;
  if (result.failed) {
    const end = result.all.split("\n").slice(-15).join("\n");
    throw new Fault(`Could not build ${build.title}. ${result.shortMessage}\n${end}`);
  }
}

function goArguments({ packages, variables = {}, output }: GoBuild): string[] {
  const flags = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return ["build", "-v", "-trimpath", "-ldflags", ["-s -w", ...flags].join(" "), "-o", `${output}/`, ...packages];
}

/** A hash of all inputs of a build. */
export function fingerprint({ module, packages, variables, architecture }: Omit<GoBuild, "output">): string {
  const files = readdirSync(module, { withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map(({ name }) => [name, readFileSync(join(module, name), "utf8")]);
  return createHash("sha256")
    .update(JSON.stringify([texts, packages, variables, architecture]))
    .digest("hex");
}

async function requireGo(title: string): Promise<void> {
  const { failed } = await execa("go", ["version"], { reject: false });
  if (!failed) return;
  throw new Fault(`Go is not on PATH and is needed to build ${title}. Install Go (https://go.dev/dl) and retry.`);
}

/** The folder with the go.mod of a tool. */
export function toolModule(tool: string): string {
  return join(__dirname, "..", "offline", "tools", tool);
}
