import type * as dockerBuild from "@pulumi/docker-build";

import type { ReadRelease } from "./archive";
import type { Language } from "./catalogue";
import type { Config } from "./config";
import {
  readDockerfile,
  scriptsContext,
  smokeContexts,
  sourceDateEpoch,
  stages,
  tagArguments,
  withoutSmokeTest,
} from "./dockerfile";
import { hostArguments } from "./hosts";
import { imageLabels } from "./labels";

/** What an image's content depends on. A language's smoke test and its published image share it. */
export interface BuildArgs {
  readonly language: Language;
  readonly config: Pick<Config, "platforms" | "bases" | "builder" | "cache" | "debianSnapshots">;
  readonly release: ReadRelease;
}

/** The inputs of a published image, without the export. One version has one digest: the tag must not change them. */
export function runnerInputs(args: BuildArgs) {
  const dockerfile = withoutSmokeTest(readDockerfile(args.language.name));
  return { ...buildInputs(args, dockerfile), target: "runner" } satisfies dockerBuild.ImageArgs;
}

/** The inputs of a smoke test: those of the published image, and the files that only the smoke test uses. */
export function smokeInputs(args: BuildArgs) {
  const dockerfile = readDockerfile(args.language.name);
  const { context, buildArgs, ...inputs } = buildInputs(args, dockerfile);
  return {
    ...inputs,
    target: "smoke",
    context: { ...context, named: { ...namedContexts(smokeContexts(args.language.name)), ...context.named } },
    buildArgs: { ...buildArgs, ...tagArguments(dockerfile) },
  } satisfies dockerBuild.ImageArgs;
}

function buildInputs({ language, config, release }: BuildArgs, dockerfile: string) {
  const { bases, cache, builder, debianSnapshots, platforms } = config;
  const used = Object.entries(bases).filter(([stage]) => stages(dockerfile).has(stage));
  return {
    dockerfile: { inline: dockerfile },
    // Required with an inline Dockerfile: the default context is the whole checkout, where any file makes a difference.
    context: { location: scriptsContext, named: namedContexts(Object.fromEntries(used)) },
    buildArgs: {
      SOURCE_DATE_EPOCH: String(sourceDateEpoch(dockerfile)),
      // Not empty: the provider takes an empty build argument for an unknown one and skips the build in previews.
      DEBIAN_SNAPSHOTS: debianSnapshots || "none",
      ...releaseArguments(release),
      ...hostArguments(dockerfile, release),
    },
    // Always the official base: a substitute on some machine must not change a label.
    labels: imageLabels(language, release.version, `docker.io/library/${stages(dockerfile).get("debian") ?? ""}`),
    platforms: [...platforms],
    ...(cache === undefined ? {} : { cacheFrom: [{ registry: { ref: cacheReference(cache, language) } }] }),
    ...(builder === undefined ? {} : { builder: { name: builder } }),
    // `exports` decides what is pushed. With `push: true`, previews build nothing (pulumi/pulumi-docker-build#252).
    push: false,
  } satisfies dockerBuild.ImageArgs;
}

/**
 * Where builders share a language's layers. Not in the image itself: an inline cache is stored in the image config and
 * changes with every build, so digests would never match (measured).
 * @param repository host[:port]/path
 */
export function cacheReference(repository: string, language: Language): string {
  return `${repository}:${language.name}`;
}

function namedContexts(locations: Readonly<Record<string, string>>): Record<string, { location: string }> {
  return Object.fromEntries(Object.entries(locations).map(([name, location]) => [name, { location }]));
}

function releaseArguments({ version, url, sha256 }: ReadRelease): Record<string, string> {
  const { "linux/amd64": amd64, "linux/arm64": arm64 } = sha256;
  return {
    PULUMI_VERSION: version,
    PULUMI_RELEASES: url,
    ...(amd64 === undefined ? {} : { PULUMI_SHA256_AMD64: amd64 }),
    ...(arm64 === undefined ? {} : { PULUMI_SHA256_ARM64: arm64 }),
  };
}
