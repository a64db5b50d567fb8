import type { Language } from "../../images/catalogue";
import { type Release, isPulumiVersion, parseGitTag } from "../../images/gitTag";
import { versionLabel } from "../../images/labels";
import { type Platform, isPlatform } from "../../images/platform";
import { type RegistryAddress, repositoryUri } from "../../images/repositoryUri";
import { Fault, listProblems, messageOf } from "../../lib/errors";
import { findLost } from "../../lib/oci/findLost";
import { readImages } from "../../lib/oci/image";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import type { ImageReference } from "./compare";

/** What a git tag releases; `latest` is accepted too, and then serves any version. */
export type ImageTag = Omit<Release, "pulumiVersion"> & Partial<Release>;

/** Parses a git tag, or `latest`, as the image tag that it publishes. */
export function requireImageTag(text: string): ImageTag {
  const release: ImageTag | undefined = text === "latest" ? { tag: text, stack: "prod" } : parseGitTag(text);
  if (release !== undefined) return release;
  throw new Fault(
    `Tag ${JSON.stringify(text)} is not a release tag. Use dev-vX.Y.Z, vX.Y.Z, latest-vX.Y.Z (such as v3.66.0) or latest.`,
  );
}

/** A published image that can be rebuilt: its Pulumi version by its label, its platforms in the order of its index. */
export interface RebuildTarget extends ImageReference {
  readonly language: Language;
  readonly tag: string;
  readonly version: string;
  readonly platforms: readonly Platform[];
}

/** Reads what a registry serves under a tag; throws a Fault that names every image that cannot be rebuilt. */
export async function readRebuildTargets(registry: RegistryAddress, tag: string, languages: readonly Language[]) {
  const problems: string[] = [];
  const reads = languages.map(async (language) => {
    const client = new RepositoryClient(repositoryUri(registry, language.name));
    return readTarget(client, tag, language).catch((error: unknown) => {
      problems.push(`${client.repository}:${tag} ${messageOf(error)}`);
      return [];
    });
  });
  const targets = (await Promise.all(reads)).flat();
  if (problems.length > 0) throw new Fault(listProblems("There is nothing to compare with:", problems));
  return targets;
}

async function readTarget(source: RepositoryClient, tag: string, language: Language): Promise<RebuildTarget> {
  const digest = await source.digest(tag).catch((error: unknown) => {
    throw new Error(`cannot be read: ${messageOf(error)}. Check the address and the network.`);
  });
  if (digest === undefined) throw new Error("does not exist. Release the tag, or exclude languages with LANGUAGE.");
  const lost = await findLost(source, digest);
  if (lost.length > 0) throw new Error(`is incomplete, the registry has lost ${lost.join(", ")}. Re-release the tag.`);
  const images = await readImages(source, digest);
  const version = images[0]?.config.config?.Labels?.[versionLabel];
  if (version === undefined || !isPulumiVersion(version)) {
    throw new Error(
      `has no Pulumi version in label ${versionLabel} (${version ?? "none"}): the image is from before this project ` +
        `and cannot be rebuilt. Exclude it with LANGUAGE, or verify another tag.`,
    );
  }
  const platforms = images.map(({ platform }) => platform);
  if (!platforms.every(isPlatform)) throw new Error(`has unsupported platforms: ${platforms.join(", ")}.`);
  return { language, tag, version, platforms, digest, source };
}

/** Limits images to some of their platforms, all by default; throws a Fault if an image does not have one of them. */
export function limitPlatforms(targets: readonly RebuildTarget[], wanted?: readonly Platform[]): RebuildTarget[] {
  return targets.map((target) => {
    const platforms = target.platforms.filter((platform) => wanted?.includes(platform) ?? true);
    if (platforms.length === (wanted ?? platforms).length) return { ...target, platforms };
    throw new Fault(
      `PLATFORMS "${wanted?.join(",")}" are not among the platforms of ${target.language.name}:${target.tag}, ` +
        `${target.platforms.join(",")}. Use some of these, or omit PLATFORMS.`,
    );
  });
}
