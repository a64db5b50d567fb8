import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../images/platform";
import { readVariable } from "../lib/environmentVariables";
import { Fault } from "../lib/errors";

/** What is built, for one platform. */
export interface Build {
  /** What errors call it. */
  readonly title: string;
  /** The text of the Dockerfile. */
  readonly dockerfile: string;
  readonly platform: Platform;
  /** The stage to build. */
  readonly target: string;
  /** The folder that is the main build context; an empty one by default. */
  readonly context?: string;
  /** Named build contexts: absolute paths of folders, or references such as docker-image://… */
  readonly contexts?: Readonly<Record<string, string>>;
  readonly args?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What builds images, and thereby runs commands in them. */
export interface Builder {
  /** What errors call it. */
  readonly title: string;
  /**
   * The command line of a build.
   * @param folder has the Dockerfile
   * @param output in the notation of `--output`
   */
  readonly command: (build: Build, folder: string, output: string) => readonly string[];
}

/** A BuildKit at an address, with its own client. */
export function buildctl(program: string, address: string): Builder {
  return {
    title: `BuildKit at ${address}`,
    command: ({ context, contexts = {}, target, platform, args = {}, labels = {} }, folder, output) => [
      ...[program, "--addr", address, "build", "--progress=plain", "--frontend=dockerfile.v0", `--output=${output}`],
      ...[`--local=context=${context ?? folder}`, `--local=dockerfile=${folder}`],
      ...[`--opt=platform=${platform}`, `--opt=target=${target}`],
      ...pairs("--opt=build-arg:", args),
      ...pairs("--opt=label:", labels),
      ...Object.entries(contexts).flatMap(([name, location]) =>
        location.startsWith("/")
          ? [`--local=${name}=${location}`, `--opt=context:${name}=local:${name}`]
          : [`--opt=context:${name}=${location}`],
      ),
    ],
  };
}

/**
 * A builder of buildx.
 * @param name the current builder by default
 * @param program `docker buildx`, or the program of buildx itself
 */
export function buildx(name?: string, program: readonly string[] = ["docker", "buildx"]): Builder {
  return {
    title: name === undefined ? "the current builder of buildx" : `builder ${name}`,
    command: ({ context, contexts = {}, target, platform, args = {}, labels = {} }, folder, output) => [
      ...[...program, "build", "--progress=plain", `--output=${output}`, `--platform=${platform}`],
      // They would be files of the result.
      ...["--provenance=false", "--sbom=false"],
      ...[`--file=${join(folder, "Dockerfile")}`, `--target=${target}`],
      ...pairs("--build-arg=", args),
      ...pairs("--label=", labels),
      ...pairs("--build-context=", contexts),
      ...(name === undefined ? [] : [`--builder=${name}`]),
      context ?? folder,
    ],
  };
}

function pairs(option: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([key, value]) => `${option}${key}=${value}`);
}

/** The BuildKit at BUILDKIT_HOST, else the buildx builder that BUILDER names; undefined if neither is set. */
export function builderFromEnvironment(env: NodeJS.ProcessEnv = process.env): Builder | undefined {
  // buildctl's own variable: https://github.com/moby/buildkit#quick-start
  const address = readVariable("BUILDKIT_HOST", env);
  if (address !== undefined) return buildctl("buildctl", address);
  const name = readVariable("BUILDER", env);
  return name === undefined ? undefined : buildx(name);
}

const outputs = {
  /** The files of the result. */
  files: "type=local",
  /** An OCI layout of the image, with the layers as a release pushes them. */
  image: "type=oci,tar=false,oci-mediatypes=true,compression=gzip",
} as const;

const timeout = 20 * 60_000;

/**
 * Builds and reads the result.
 * @param read gets the folder of the result, which is removed afterwards
 * @throws {Fault} if the builder is not available or the build fails
 */
export async function readBuild<T>(
  builder: Builder,
  build: Build,
  output: keyof typeof outputs,
  read: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "build-"));
  try {
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    await mkdir(from);
    await writeFile(join(from, "Dockerfile"), build.dockerfile);
    await run(builder, build, builder.command(build, from, `${outputs[output]},dest=${to}`));
    return await read(to);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run({ title }: Builder, build: Build, [program = "", ...args]: readonly string[]): Promise<void> {
  const ended = await execa(program, args, { all: true, reject: false, timeout });
  if (!ended.failed) return;
  if (ended.code === "ENOENT") {
    throw new Fault(`${program} is not on PATH, but it is needed to run images. Install it, or set BUILDKIT_HOST.`);
  }
  const reason = ended.timedOut ? `it takes longer than ${timeout / 60_000} minutes` : lastErrors(ended.all);
  throw new Fault(
    `${build.title} cannot be run on ${build.platform} by ${title}: ${reason}\n` +
      `Check that the builder is available, reaches the registry and runs ${build.platform}.`,
  );
}

/** The last errors that buildctl or buildx prints, without the excerpt of the Dockerfile. */
function lastErrors(output: string): string {
  const lines = output.split("\n").filter((line) => /error/i.test(line));
  return lines.slice(-2).join("\n").slice(-1000) || output.slice(-1000);
}
