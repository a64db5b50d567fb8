import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../images/platform";
import { readVariable } from "../lib/environmentVariables";
import { Fault } from "../lib/errors";

/** The inputs of an Image that are read here; it has more: https://www.pulumi.com/registry/packages/docker-build */
export interface ImageInputs {
  readonly dockerfile?: { readonly inline?: string };
  /** Locations are folders below the checkout, absolute paths, or references such as docker-image://… */
  readonly context?: { readonly location: string; readonly named?: Readonly<Record<string, { location: string }>> };
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly platforms?: readonly string[];
  readonly tags?: readonly string[];
  readonly exports?: readonly { readonly registry?: { readonly names?: readonly string[] } }[];
  readonly builder?: { readonly name?: string };
  /** In the notation of `--cache-from`, as far as they are raw. */
  readonly cacheFrom?: readonly { readonly raw?: string }[];
}

/** A build of a Dockerfile's stage, by default the last one. */
interface AnyBuild {
  /** One platform, or several with commas between them. */
  readonly platform: string;
  readonly inputs: ImageInputs & { readonly target?: string };
}

/** A build of an Image's stage for one platform, which errors call by its title. */
export interface Build extends AnyBuild {
  readonly title: string;
  readonly platform: Platform;
}

/** What builds images, and thereby runs commands in them. Errors call it by its title. */
export interface Builder {
  readonly title: string;
  /** The command line of a build. Its folder has the Dockerfile; its output, if any, is in the notation of `--output`. */
  readonly command: (build: AnyBuild, folder: string, output?: string) => readonly string[];
  /** Environment variables for it. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A BuildKit at an address, with its own client. */
export function buildctl(program: string, address: string): Builder {
  return {
    title: `BuildKit at ${address}`,
    command: ({ inputs, platform }, folder, output) => [
      // Its default of 5 seconds to connect is too short on a busy machine.
      ...[program, "--addr", address, "--timeout=60", "build", "--progress=plain", "--frontend=dockerfile.v0"],
      ...option("--output=", output),
      ...[`--local=context=${inputs.context?.location ?? folder}`, `--local=dockerfile=${folder}`],
      `--opt=platform=${platform}`,
      ...option("--opt=target=", inputs.target),
      ...pairs("--opt=build-arg:", inputs.buildArgs),
      ...pairs("--opt=label:", inputs.labels),
      ...rawCaches("--import-cache=", inputs),
      ...Object.entries(inputs.context?.named ?? {}).flatMap(([name, { location }]) =>
        /^[a-z-]+:/.test(location)
          ? [`--opt=context:${name}=${location}`]
          : [`--local=${name}=${location}`, `--opt=context:${name}=local:${name}`],
      ),
    ],
  };
}

/** A builder of `docker buildx`, by default the current one. */
export function buildx(name?: string): Builder {
  return {
    title: name === undefined ? "the current builder of buildx" : `builder ${name}`,
    command: ({ inputs, platform }, folder, output) => [
      ...["docker", "buildx", "build", "--progress=plain", ...option("--output=", output), `--platform=${platform}`],
      // They would be files of the result.
      ...["--provenance=false", "--sbom=false"],
      `--file=${join(folder, "Dockerfile")}`,
      ...option("--target=", inputs.target),
      ...pairs("--build-arg=", inputs.buildArgs),
      ...pairs("--label=", inputs.labels),
      ...rawCaches("--cache-from=", inputs),
      ...Object.entries(inputs.context?.named ?? {}).map(([key, at]) => `--build-context=${key}=${at.location}`),
      ...option("--builder=", name),
      inputs.context?.location ?? folder,
    ],
  };
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name + value];
}

function pairs(option: string, values: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(values).map(([key, value]) => `${option}${key}=${value}`);
}

function rawCaches(option: string, { cacheFrom = [] }: ImageInputs): string[] {
  return cacheFrom.flatMap(({ raw }) => (raw === undefined ? [] : `${option}${raw}`));
}

/** The BuildKit at BUILDKIT_HOST, else the buildx builder that BUILDER names; undefined if neither is set. */
export function builderFromEnvironment(env = process.env): Builder | undefined {
  // buildctl's own variable: https://github.com/moby/buildkit#quick-start
  const [address, name] = [readVariable("BUILDKIT_HOST", env), readVariable("BUILDER", env)];
  if (address !== undefined) return buildctl("buildctl", address);
  return name === undefined ? undefined : buildx(name);
}

/** The files of the result, or an OCI layout of the image, with the layers as a release pushes them. */
const outputs = { files: "type=local", image: "type=oci,tar=false,oci-mediatypes=true,compression=gzip" } as const;
const timeout = 20 * 60_000;
const checkout = join(__dirname, "..");

/** Builds, reads the folder of the result, and removes it. @throws {Fault} if no builder answers or the build fails */
export async function readBuild<T>(
  builder: Builder,
  build: Build,
  output: keyof typeof outputs,
  read: (folder: string) => Promise<T>,
): Promise<T> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "build-"));
  const result = join(folder.path, "result");
  await writeFile(join(folder.path, "Dockerfile"), build.inputs.dockerfile?.inline ?? "");
  await run(builder, build, builder.command(build, folder.path, `${outputs[output]},dest=${result}`));
  return await read(result);
}

async function run({ title, env }: Builder, build: Build, [program = "", ...args]: readonly string[]): Promise<void> {
  const ended = await execa(program, args, { all: true, cwd: checkout, env, reject: false, timeout });
  if (!ended.failed) return;
  if (ended.code === "ENOENT") {
    throw new Fault(`${program} is not on PATH, but it is needed to run images. Install it, or set BUILDKIT_HOST.`);
  }
  // The last errors that buildctl or buildx prints, without the excerpt of the Dockerfile and the text of the command.
  const lines = ended.all.split("\n").filter((line) => /error|failed/i.test(line));
  const errors = lines.map((line) => line.replace(/process ".*" did/, "process did"));
  const output = errors.slice(-2).join("\n") || ended.all;
  const reason = ended.timedOut ? `it takes longer than ${timeout / 60_000} minutes` : output.slice(-1000);
  throw new Fault(
    `${build.title} cannot be run on ${build.platform} by ${title}: ${reason}\n` +
      `Check that the builder is available, reaches the registry and runs ${build.platform}.`,
  );
}
