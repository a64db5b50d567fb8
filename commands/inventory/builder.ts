import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { readVariable } from "../../lib/environmentVariables";
import { Fault } from "../../lib/errors";
import { type Answer, askingDockerfile, exitFile, probes } from "./probes";

/** What builds, and so runs, images. */
export interface Builder {
  /** What it is, for people. */
  readonly title: string;
  /** The command that builds the Dockerfile of a folder, and puts the files of the result into another folder. */
  readonly command: (platform: Platform, from: string, to: string) => readonly string[];
}

/** A BuildKit at an address, driven by its own client. */
export function buildctl(program: string, address: string): Builder {
  return {
    title: `BuildKit at ${address}`,
    command: (platform, from, to) => [
      ...[program, "--addr", address, "build", "--progress=plain", "--frontend=dockerfile.v0"],
      ...[`--local=context=${from}`, `--local=dockerfile=${from}`, `--opt=platform=${platform}`],
      `--output=type=local,dest=${to}`,
    ],
  };
}

/**
 * A builder of buildx, by its name; without one, buildx's current.
 * @param program `docker buildx`, or the program of buildx itself
 */
export function buildx(name?: string, program: readonly string[] = ["docker", "buildx"]): Builder {
  return {
    title: name === undefined ? "the current builder of buildx" : `builder ${name}`,
    command: (platform, from, to) => [
      ...program,
      ...["build", "--progress=plain", `--platform=${platform}`, `--output=type=local,dest=${to}`],
      // It would lie among the answers.
      ...["--provenance=false", "--sbom=false"],
      ...(name === undefined ? [] : [`--builder=${name}`]),
      from,
    ],
  };
}

/** The BuildKit at BUILDKIT_HOST, else the buildx builder in BUILDER; undefined if neither is set. */
export function builderFromEnvironment(env: NodeJS.ProcessEnv = process.env): Builder | undefined {
  // buildctl's own variable: https://github.com/moby/buildkit#quick-start
  const address = readVariable("BUILDKIT_HOST", env);
  if (address !== undefined) return buildctl("buildctl", address);
  const name = readVariable("BUILDER", env);
  return name === undefined ? undefined : buildx(name);
}

const patience = 10 * 60_000;

/**
 * Runs an image and gives what it answers to the probes, by their names. Throws a Fault where the builder is not there
 * or cannot run it.
 * @param reference repository@digest, by which the builder pulls it
 */
export async function askImage(
  builder: Builder,
  reference: string,
  platform: Platform,
): Promise<ReadonlyMap<string, Answer>> {
  const folder = await mkdtemp(join(tmpdir(), "manifest-"));
  try {
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    await mkdir(from);
    await writeFile(join(from, "Dockerfile"), askingDockerfile(reference));
    await build(builder, { reference, platform, from, to });
    return await readAnswers(to);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Build {
  readonly reference: string;
  readonly platform: Platform;
  readonly from: string;
  readonly to: string;
}

async function build(builder: Builder, { reference, platform, from, to }: Build): Promise<void> {
  const [program = "", ...args] = builder.command(platform, from, to);
  const run = await execa(program, args, { all: true, reject: false, timeout: patience });
  if (!run.failed) return;
  if (run.code === "ENOENT") {
    throw new Fault(`${program} is not on PATH, and images are run by it here. Install it, or set BUILDKIT_HOST.`);
  }
  const reason = run.timedOut ? `it does not end in ${patience / 60_000} minutes` : lastLines(run.all);
  throw new Fault(
    `${reference} cannot be run on ${platform} by ${builder.title}: ${reason}\n` +
      `Look whether the builder is there, reaches the registry and runs ${platform}.`,
  );
}

/** What buildctl and buildx say at the end, without the excerpt of the Dockerfile. */
function lastLines(output: string): string {
  const lines = output.split("\n").filter((line) => /error/i.test(line));
  return lines.slice(-2).join("\n").slice(-1000) || output.slice(-1000);
}

async function readAnswers(folder: string): Promise<ReadonlyMap<string, Answer>> {
  const answered = probes.filter(({ name }) => existsSync(join(folder, exitFile(name))));
  const answers = answered.map(async ({ name }): Promise<[string, Answer]> => {
    const exitCode = Number(await readFile(join(folder, exitFile(name)), "utf8"));
    return [name, { exitCode, text: await readFile(join(folder, name), "utf8") }];
  });
  return new Map(await Promise.all(answers));
}
