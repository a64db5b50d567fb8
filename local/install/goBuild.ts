import { hash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import type { Step } from "../../lib/runStep";
import { fillFolderOnce } from "./fillFolder";

/** Programs to build from a Go module of this repository, whose go.mod and go.sum pin every dependency. */
export interface GoBuild {
  readonly title: string;
  /** How many minutes that takes with empty caches, on two cores. */
  readonly minutes?: number;
  /** The folder of the go.mod. */
  readonly module: string;
  /** The import paths of the programs, or their folders in the module: ./<folder>. */
  readonly packages: readonly string[];
  /** Go variables to set, by their full names. */
  readonly variables?: Readonly<Record<string, string>>;
  /** GOARCH; the machine's own by default. */
  readonly architecture?: string;
  /** The folder for the programs. It holds nothing else. */
  readonly output: string;
}

/** For every go command: a go.work above this checkout must not change what its go.mods pin. */
export const goEnvironment = { GOWORK: "off" };
/** The folder with the go.mod of a tool. */
export const toolModule = (tool: string) => join(__dirname, "..", "offline", "tools", tool);

/**
 * Builds the programs, unless the output folder already holds them, built from the same inputs.
 * @param step that the build is a part of: what it does changes
 */
export async function goBuild(build: GoBuild, step: Step = { doing: "" }): Promise<void> {
  const { title, minutes } = build;
  await fillFolderOnce(build.output, fingerprint(build), async (output) => {
    if ((await execa("go", ["version"], { reject: false })).failed) {
      throw new Fault(`Go is not on PATH and is needed to build ${title}. Install Go (https://go.dev/dl) and retry.`);
    }
    Object.assign(step, { doing: "building from Go modules", minutes });
    await compile({ ...build, output }, step);
  });
}

async function compile(build: GoBuild, step: Step): Promise<void> {
  const { doing } = step;
  const { title, module, packages, variables = {}, architecture, output } = build;
  const settings = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false" };
  // With less garbage collection, the compiler takes at least a tenth less time, and more memory (measured).
  const env = { ...goEnvironment, ...settings, GOARCH: architecture, GOGC: process.env["GOGC"] ?? "400" };
  const flags = ["-s -w", ...Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`)].join(" ");
  // The linker leaves debug data out. A tenth of the time is spent on it if the compiler does not, too.
  const args = [
    "build",
    "-v",
    "-trimpath",
    "-gcflags=all=-dwarf=false",
    "-ldflags",
    flags,
    "-o",
    `${output}/`,
    ...packages,
  ];
  const go = execa("go", args, { cwd: module, env, reject: false, all: true });
  const lines = { modules: 0, packages: 0 };
  for await (const line of go.iterable({ from: "all" })) {
    lines[line.startsWith("go: downloading ") ? "modules" : "packages"]++;
    step.doing = `${doing}: ${lines.modules > 0 ? `${lines.modules} modules, ` : ""}${lines.packages} packages`;
  }
  const { failed, shortMessage, all } = await go;
  if (failed) throw new Fault(`Could not build ${title}. ${shortMessage}\n${all.split("\n").slice(-15).join("\n")}`);
}

export function fingerprint({ module, packages, variables, architecture }: Omit<GoBuild, "output">): string {
  const entries = readdirSync(module, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map(({ parentPath, name }) => relative(module, join(parentPath, name))).sort();
  const texts = files.map((file) => [file, readFileSync(join(module, file), "utf8")]);
  return hash("sha256", JSON.stringify([texts, packages, variables, architecture]));
}
