import * as semver from "semver";

import { Fault, causeOf, messageOf } from "../../lib/errors";
import { type Platform, isPlatform } from "../../images/platform";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { type Release, isPulumiVersion } from "../../images/gitTag";
import { readImages } from "../../lib/oci/image";

/** An image that a registry serves. */
export interface ServedImage {
  readonly repository: string;
  readonly tag: string;
  /** sha256:… of the manifest, or of the index where there are several platforms. */
  readonly digest: string;
  /** The platforms that it has, sorted. */
  readonly platforms: readonly Platform[];
  /** Its labels, none in an image from before this project. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The image of a language, and that of the release before, if there is one. */
export interface ReleasedImage extends ServedImage {
  readonly language: string;
  readonly before: ServedImage | undefined;
}

/**
 * Finds in the registry what was released under the tag of a release, for each language. Throws a Fault where the
 * registry cannot be read, and where it does not have the tag for one of them.
 * @param repositoryOf the repository of a language, host[:port]/path
 */
export async function findReleased(
  { tag, pulumiVersion }: Release,
  languages: readonly string[],
  repositoryOf: (language: string) => string,
): Promise<ReleasedImage[]> {
  const searches = languages.map(async (language) => {
    const client = new RepositoryClient(repositoryOf(language));
    return { language, client, image: await readImage(client, tag) };
  });
  const found = await Promise.all(searches);
  const missing = found.filter(({ image }) => image === undefined).map(({ client }) => client.repository);
  if (missing.length > 0) {
    throw new Fault(
      `There is no tag ${tag} in ${missing.join(", ")}. Release Pulumi ${pulumiVersion} under it first, or name ` +
        `languages that were, such as LANGUAGE=python.`,
    );
  }
  const complete = found.map(async ({ language, client, image }) => {
    const tagOfBefore = tagBefore({ tag, pulumiVersion }, await reading(client, client.tags()));
    const before = tagOfBefore === undefined ? undefined : await readImage(client, tagOfBefore);
    return { language, before, ...(image as ServedImage) };
  });
  return Promise.all(complete);
}

/**
 * The tag of the release before, among the tags of a repository: the highest lower version, of dev's tags for one of
 * them, of prod's for `vX.Y.Z` and for `latest`, which always is one of these. Undefined for a first release.
 */
export function tagBefore(
  { tag, pulumiVersion }: Pick<Release, "tag" | "pulumiVersion">,
  tags: readonly string[],
): string | undefined {
  const prefix = tag.startsWith("dev-") ? "dev-v" : "v";
  const versions = tags.filter((other) => other.startsWith(prefix)).map((other) => other.slice(prefix.length));
  const lower = versions.filter((version) => isPulumiVersion(version) && semver.lt(version, pulumiVersion));
  const [highest] = lower.sort(semver.rcompare);
  return highest === undefined ? undefined : `${prefix}${highest}`;
}

async function readImage(client: RepositoryClient, tag: string): Promise<ServedImage | undefined> {
  const digest = await reading(client, client.digest(tag));
  if (digest === undefined) return undefined;
  const images = await reading(client, readImages(client, digest));
  const platforms = images.map(({ platform }) => platform).filter(isPlatform);
  const labels = images[0]?.config.config?.Labels ?? {};
  return { repository: client.repository, tag, digest, platforms: platforms.sort(), labels };
}

async function reading<T>({ repository }: RepositoryClient, answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw new Fault(`${repository} cannot be read: ${messageOf(causeOf(error))}. Retry when the registry answers.`);
  });
}
