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
import { platforms } from "./platform";

/** What an image's content depends on. A language's smoke test and its published image share it. */
export interface BuildArgs {
  readonly language: Language;
  readonly config: Pick<
    Config,
    "platforms" | "bases" | "builder" | "cache" | "debianSnapshots" | "layers" | "crossCompile"
  >;
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
    buildArgs: {
      ...buildArgs,
      ...tagArguments(dockerfile),
      ...(args.config.crossCompile ? { GOLANG_PROGRAM: "cross" } : {}),
    },
    ...(args.config.layers?.writes ? { cacheTo: layersOf(args, writeLayers) } : {}),
  } satisfies dockerBuild.ImageArgs;
}

function buildInputs(args: BuildArgs, dockerfile: string) {
  const { language, config, release } = args;
  const { bases, builder, debianSnapshots } = config;
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
    platforms: [...config.platforms],
    ...cacheFrom(args),
    ...(builder === undefined ? {} : { builder: { name: builder } }),
    // `exports` decides what is pushed. With `push: true`, previews build nothing (pulumi/pulumi-docker-build#252).
    push: false,
  } satisfies dockerBuild.ImageArgs;
}

/** Where a build finds layers. One that writes layers for another machine reads none, so that its smoke tests run. */
function cacheFrom(args: BuildArgs) {
  const { cache, layers } = args.config;
  if (layers?.writes) return {};
  const shared = cache === undefined ? [] : [{ registry: { ref: cacheReference(cache, args.language) } }];
  const found = [...shared, ...(layers === undefined ? [] : layersOf(args, readLayers))];
  return found.length > 0 ? { cacheFrom: found } : {};
}

/**
 * A language's layers for each platform. BuildKit ignores those that do not exist. Raw, because the provider drops the mode
 * of a typed one. The text is the same in every run: a different one would build everything again.
 */
function layersOf({ language, config }: BuildArgs, raw: (folder: string, tag: string) => string) {
  const tags = config.platforms.map((platform) => `${language.name}-${platforms[platform].targetArch}`);
  return tags.map((tag) => ({ raw: `type=local,tag=${tag},${raw(config.layers?.folder ?? "", tag)}` }));
}

// A folder each, because builds that run at the same time cannot write into one. `make layers` joins them.
const writeLayers = (folder: string, tag: string) => `dest=${folder}/${tag},mode=max`;
const readLayers = (folder: string) => `src=${folder}`;

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
