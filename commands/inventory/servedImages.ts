import * as semver from "semver";

import { type Release, isPulumiVersion } from "../../images/gitTag";
import { baseLabels } from "../../images/labels";
import { type Platform, isPlatform } from "../../images/platform";
import { Fault, causeOf, messageOf } from "../../lib/errors";
import { readImages } from "../../lib/oci/image";
import { RepositoryClient } from "../../lib/oci/repositoryClient";

/** An image that a registry serves. */
export interface ServedImage {
  readonly repository: string;
  /** repository:tag@digest, of the manifest or, if there are several platforms, of the index. */
  readonly reference: string;
  /** Its platforms, sorted. */
  readonly platforms: readonly Platform[];
  /** What it is based on by its labels, name@digest; undefined for images from before this project. */
  readonly base: string | undefined;
}

/**
 * Reads the image that each language's repository serves under the tag of a release.
 * @param repositories host[:port]/path, by language
 * @throws {Fault} if a repository cannot be read, or that names all that do not have the tag
 */
export async function readReleased(
  { tag, pulumiVersion }: Release,
  repositories: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, ServedImage>>> {
  const reads = Object.entries(repositories).map(
    async ([language, repository]) => [language, await readServed(repository, tag)] as const,
  );
  const found = await Promise.all(reads);
  const missing = found.filter(([, image]) => image === undefined).map(([language]) => repositories[language]);
  if (missing.length === 0) return Object.fromEntries(found) as Record<string, ServedImage>;
  throw new Fault(
    `Tag ${tag} does not exist in ${missing.join(", ")}. Release Pulumi ${pulumiVersion} under it first, or select ` +
      `languages that have it, such as LANGUAGE=python.`,
  );
}

/** Reads an image by its tag; undefined if the tag does not exist. */
export async function readServed(repository: string, tag: string): Promise<ServedImage | undefined> {
  const client = new RepositoryClient(repository);
  return reading(repository, async () => {
    const digest = await client.digest(tag);
    if (digest === undefined) return undefined;
    const images = await readImages(client, digest);
    const platforms = images.map(({ platform }) => platform).filter(isPlatform);
    const { [baseLabels.name]: name, [baseLabels.digest]: of } = images[0]?.config.config?.Labels ?? {};
    const base = name === undefined || of === undefined ? undefined : `${name}@${of}`;
    return { repository, reference: `${repository}:${tag}@${digest}`, platforms: platforms.sort(), base };
  });
}

/**
 * Finds the tag of the previous release in a repository.
 * @throws {Fault} if the repository cannot be read
 */
export async function findPreviousTag(repository: string, release: Release): Promise<string | undefined> {
  return reading(repository, async () => previousTag(release, await new RepositoryClient(repository).tags()));
}

/**
 * The highest lower version among tags of the same kind: dev's tags for one of them, else prod's `vX.Y.Z`, which each
 * `latest` is too.
 */
export function previousTag(
  { tag, pulumiVersion }: Pick<Release, "tag" | "pulumiVersion">,
  tags: readonly string[],
): string | undefined {
  const prefix = tag.startsWith("dev-") ? "dev-v" : "v";
  const versions = tags.filter((other) => other.startsWith(prefix)).map((other) => other.slice(prefix.length));
  const lower = versions.filter((version) => isPulumiVersion(version) && semver.lt(version, pulumiVersion));
  const [highest] = lower.sort(semver.rcompare);
  return highest === undefined ? undefined : `${prefix}${highest}`;
}

/**
 * Reads from a repository.
 * @throws {Fault} that names it if that fails
 */
export async function reading<T>(repository: string, read: () => Promise<T>): Promise<T> {
  return read().catch((error: unknown) => {
    throw new Fault(`Could not read ${repository}: ${messageOf(causeOf(error))}. Retry when the registry answers.`);
  });
}
