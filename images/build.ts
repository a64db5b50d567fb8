import type * as dockerBuild from "@pulumi/docker-build";

import type { Language } from "./catalogue";
import type { Config } from "./config";
import { context, readDockerfile, sourceDateEpoch, stages } from "./dockerfile";
import type { PulumiRelease } from "./pulumiRelease";

const source = "https://github.com/spacelift-io/runner-pulumi";

/** What decides an image's content: the smoke test and the published image of a language are built from the same. */
export interface BuildArgs {
  readonly language: Language;
  readonly config: Config;
  readonly release: PulumiRelease;
}

/**
 * The inputs that a language's smoke test and its published image share. Whatever is in them but not in the Dockerfile,
 * its pins or the Pulumi version must leave the digest alone: one version is one digest, under whatever tag.
 */
export function buildInputs({ language, config, release }: BuildArgs) {
  const dockerfile = readDockerfile(language.name);
  const bases = Object.entries(config.bases).filter(([stage]) => stages(dockerfile).has(stage));
  return {
    dockerfile: { inline: dockerfile },
    // Without a context, inline text would take the whole checkout as its context, and any file would dirty the image.
    context: {
      location: context,
      named: Object.fromEntries(bases.map(([stage, location]) => [stage, { location }])),
    },
    buildArgs: {
      SOURCE_DATE_EPOCH: String(sourceDateEpoch(dockerfile)),
      // An empty build argument is taken for one that is not known yet, and a preview would build nothing.
      DEBIAN_SNAPSHOTS: config.debianSnapshots || "none",
      ...releaseArguments(release),
    },
    labels: labels(language, release.version, config.bases["debian"] ?? `docker-image://${debian(dockerfile)}`),
    platforms: [...config.platforms],
    ...(config.cache === undefined
      ? {}
      : { cacheFrom: [{ registry: { ref: cacheReference(config.cache, language) } }] }),
    ...(config.builder === undefined ? {} : { builder: { name: config.builder } }),
    // The export says what is pushed: `push: true` keeps previews from building (pulumi/pulumi-docker-build#252).
    push: false,
  } satisfies dockerBuild.ImageArgs;
}

/**
 * Where the layers of a language's image are kept for other builders. Beside the image, not in it: an inline cache
 * stands in the image's config and is another one at each build, so that no two digests would be the same (measured).
 */
export function cacheReference(repository: string, language: Language): string {
  return `${repository}:${language.name}`;
}

function releaseArguments({ version, url, sha256 }: PulumiRelease): Record<string, string> {
  const { "linux/amd64": amd64, "linux/arm64": arm64 } = sha256;
  return {
    PULUMI_VERSION: version,
    PULUMI_RELEASES: url,
    ...(amd64 === undefined ? {} : { PULUMI_SHA256_AMD64: amd64 }),
    ...(arm64 === undefined ? {} : { PULUMI_SHA256_ARM64: arm64 }),
  };
}

/** The annotation keys of https://github.com/opencontainers/image-spec/blob/main/annotations.md */
function labels(language: Language, version: string, debianContext: string): Record<string, string> {
  const entries = {
    title: language.title,
    description: language.description,
    licenses: "MIT",
    source,
    version,
    ...baseLabels(debianContext),
  };
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [`org.opencontainers.image.${key}`, value]));
}

/** The base's name and digest, where the base is an image with a digest. Nothing is claimed of any other base. */
function baseLabels(debianContext: string): Record<string, string> {
  const [, name, digest] = /^docker-image:\/\/([^@]+)@(sha256:[0-9a-f]{64})$/.exec(debianContext) ?? [];
  return name === undefined || digest === undefined ? {} : { "base.name": name, "base.digest": digest };
}

function debian(dockerfile: string): string {
  return `docker.io/library/${stages(dockerfile).get("debian") ?? ""}`;
}
