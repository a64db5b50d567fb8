import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import type { Config } from "../../images/config";
import { type PulumiRelease, getPulumiRelease } from "../../images/pulumiRelease";
import { repositoryUri } from "../../images/repositoryUri";
import { RunnerImage } from "../../images/runnerImage";
import { log } from "../../lib/log";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import type { ImageReference } from "./compareImages";
import type { RebuildTarget } from "./rebuildTargets";
import { runOnce } from "./temporaryStack";

/** The checkout whose Dockerfiles are built. */
export const checkout = join(__dirname, "..", "..");

/** How images are rebuilt, and where they are pushed. */
export interface Workplace extends Pick<
  Config,
  "builder" | "bases" | "debianSnapshots" | "pulumiReleases" | "signatures"
> {
  /** An existing folder for temporary files. */
  readonly folder: string;
  /** Environment variables for pulumi. */
  readonly env: NodeJS.ProcessEnv;
  /** host[:port][/path]: the builder pushes there, and this process reads there. */
  readonly registry: string;
}

/**
 * Rebuilds images from this checkout's Dockerfiles, without any cache, for the version and the platforms of each.
 *
 * It runs the program's own RunnerImage in a stack without smoke tests. Inputs and export are thus those of a release, on
 * any buildx builder.
 * @returns the rebuilt images by language
 * @throws {Fault} if Pulumi's release is not available or if a build fails
 */
export async function rebuild(
  targets: readonly RebuildTarget[],
  workplace: Workplace,
): Promise<Map<string, ImageReference>> {
  const releases = await getReleases(targets, workplace);
  const digests = await runOnce(workplace, () =>
    targets.map((target, index) => [target.language.name, declareRebuild(target, releases[index]!, workplace)]),
  );
  return new Map(
    targets.map(({ language: { name } }) => {
      const source = new RepositoryClient(repositoryOf(name, workplace));
      return [name, { source, digest: digests[name] ?? "" }];
    }),
  );
}

/** Pulumi's release for each image. Fetched once for images of the same version and platforms. */
function getReleases(targets: readonly RebuildTarget[], workplace: Workplace): Promise<PulumiRelease[]> {
  const fetched = new Map<string, Promise<PulumiRelease>>();
  const source = { ...workplace, warn: (sentence: string) => log("warning", sentence) };
  const releases = targets.map(({ version, platforms }) => {
    const key = [version, ...platforms].join();
    const release = fetched.get(key) ?? getPulumiRelease(version, platforms, source);
    fetched.set(key, release);
    return release;
  });
  return Promise.all(releases);
}

function repositoryOf(language: string, { registry }: Workplace): string {
  return repositoryUri({ registry, alias: "" }, language);
}

/**
 * Declares the build of one image without cache.
 * @returns its digest
 */
export function declareRebuild(
  { language, tag, platforms }: RebuildTarget,
  release: PulumiRelease,
  workplace: Workplace,
): pulumi.Output<string> {
  const { builder, bases, debianSnapshots } = workplace;
  const config = { tag, platforms, builder, bases, debianSnapshots, cache: undefined, repair: "" };
  const repository = pulumi.output(repositoryOf(language.name, workplace));
  const args = { language, config, release, smokeTests: [], repository, credentials: undefined };
  return new RunnerImage(language.name, args, { transformations: [withoutCache] }).published.digest;
}

const withoutCache: pulumi.ResourceTransformation = ({ type, props, opts }) =>
  type === "docker-build:index:Image" ? { props: { ...props, noCache: true }, opts } : undefined;
