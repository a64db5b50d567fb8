import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, type PulumiFn } from "@pulumi/pulumi/automation";

import { context } from "../../images/dockerfile";
import { Fault, messageOf } from "../../lib/errors";
import { type PulumiRelease, getPulumiRelease } from "../../images/pulumiRelease";
import { repositoryUri } from "../../images/repositoryUri";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { RunnerImage } from "../../images/runnerImage";
import type { SignaturePolicy } from "../../images/signature";
import { createFilter } from "../pulumi";
import type { ImageReference } from "./compare";
import type { PublishedImage } from "./published";

export const checkout = join(__dirname, "..", "..");

/** What images are rebuilt with, and where they go. */
export interface Workplace {
  /** An existing folder for what the rebuild needs while it runs. */
  readonly folder: string;
  /** The environment variables that pulumi runs with. */
  readonly env: NodeJS.ProcessEnv;
  /** The buildx builder's name; undefined is the current one. */
  readonly builder: string | undefined;
  /** Where the rebuilt images go, host[:port][/path]: the builder pushes there, and this process reads there. */
  readonly registry: string;
  readonly bases: Readonly<Record<string, string>>;
  /** Where Pulumi's releases come from, and what is asked of their signatures. */
  readonly pulumiReleases: string;
  readonly signatures: SignaturePolicy;
  /** The URL prefix of Debian's snapshots; empty is the sources of the base image. */
  readonly debianSnapshots: string;
}

/**
 * Builds images again, of the version and for the platforms that each has, by this checkout's Dockerfiles and without any
 * cache. Gives them by their language. Throws a Fault where a build fails.
 *
 * It is the program's own RunnerImage, by the same provider, without a smoke test to wait for: inputs and export are those
 * of a release without being written down twice, any builder of buildx will do, and no config of a release could leave its
 * smoke tests out. BuildKit's own client would be as short, but another way than the one that releases go.
 */
export async function rebuild(
  images: readonly PublishedImage[],
  workplace: Workplace,
): Promise<Map<string, ImageReference>> {
  const releases = await getReleases(images, workplace).catch((error: unknown) => {
    throw new Fault(messageOf(error));
  });
  const digests = await runProgram(workplace, () => {
    const entries = images.map((image, index) => [
      image.language.name,
      declareRebuild(image, releases[index], workplace),
    ]);
    return Promise.resolve(Object.fromEntries(entries) as Record<string, pulumi.Output<string>>);
  });
  return new Map(
    images.map(({ language: { name } }) => {
      const source = new RepositoryClient(repositoryOf(name, workplace));
      return [name, { source, digest: digests[name] ?? "" }];
    }),
  );
}

/** What Pulumi published for each image: asked once for all that are of one version and the same platforms. */
function getReleases(images: readonly PublishedImage[], workplace: Workplace): Promise<PulumiRelease[]> {
  const asked = new Map<string, Promise<PulumiRelease>>();
  const source = { ...workplace, warn: console.error };
  const releases = images.map(({ version, platforms }) => {
    const key = [version, ...platforms].join();
    const release = asked.get(key) ?? getPulumiRelease(version, platforms, source);
    asked.set(key, release);
    return release;
  });
  return Promise.all(releases);
}

function repositoryOf(language: string, { registry }: Workplace): string {
  return repositoryUri({ registry, alias: "" }, language);
}

/** Declares the build of one image without any cache. Gives its digest. Throws an Error where it has no release. */
export function declareRebuild(
  { language, version, tag, platforms }: PublishedImage,
  release: PulumiRelease | undefined,
  workplace: Workplace,
): pulumi.Output<string> {
  if (release === undefined) throw new Error(`Pulumi ${version} has no release.`);
  const { builder, bases, debianSnapshots } = workplace;
  const config = { tag, platforms, builder, bases, debianSnapshots, cache: undefined, repair: "" };
  const repository = pulumi.output(repositoryOf(language.name, workplace));
  const args = { language, config, release, smokeTests: [], repository, credentials: undefined };
  return new RunnerImage(language.name, args, { transformations: [withoutCache] }).published.digest;
}

const withoutCache: pulumi.ResourceTransformation = ({ type, props, opts }) =>
  type === "docker-build:index:Image" ? { props: { ...props, noCache: true }, opts } : undefined;

/** Runs a program on a stack that is there for this run alone. Gives its outputs. */
async function runProgram({ folder, env }: Workplace, program: PulumiFn): Promise<Record<string, string>> {
  const workDir = mkdtempSync(join(folder, "rebuild-"));
  try {
    mkdirSync(join(workDir, "state"));
    // The build context is a path in the program's folder.
    const [dockerfiles = ""] = context.split("/");
    symlinkSync(join(checkout, dockerfiles), join(workDir, dockerfiles));
    // The Automation API looks for pulumi on the PATH of its own process alone.
    process.env["PATH"] = env["PATH"] ?? process.env["PATH"];
    const stack = await LocalWorkspace.createStack(
      { stackName: "rebuild", projectName: "runner-pulumi", program },
      { workDir, envVars: stackVariables(env, workDir) },
    );
    const { outputs } = await stack.up({ onOutput: show(), suppressProgress: true }).catch((error: unknown) => {
      throw new Fault(`The images could not be rebuilt, see above. ${lastLine(error)}`);
    });
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, String(value)]));
  } finally {
    rmSync(workDir, { recursive: true });
  }
}

/** The variables of a stack of its own, whatever stack the environment is for. */
function stackVariables(env: NodeJS.ProcessEnv, workDir: string): Record<string, string> {
  const own = {
    PULUMI_BACKEND_URL: `file://${join(workDir, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "rebuild",
    PULUMI_STACK: "",
    PULUMI_OPTION_CONFIG_FILE: "",
  };
  return { ...env, ...own };
}

/** Prints what pulumi says, a step of a build at a time. */
function show(): (chunk: string) => void {
  const filter = createFilter();
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.flatMap(filter)) console.log(line);
  };
}

/** The error of a command holds everything that it printed. */
function lastLine(error: unknown): string {
  return messageOf(error).trimEnd().split("\n").at(-1) ?? "";
}
