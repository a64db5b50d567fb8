import * as semver from "semver";

import { type Release, parseGitTag } from "../../images/gitTag";
import { baseLabels } from "../../images/labels";
import { type Platform, isPlatform } from "../../images/platform";
import { Fault, causeOf, messageOf } from "../../lib/errors";
import { type PlatformImage, readImages } from "../../lib/oci/image";
import { RepositoryClient } from "../../lib/oci/repositoryClient";

/** An image that a registry serves, with its platforms sorted. */
export interface ServedImage {
  readonly repository: string;
  /** repository:tag@digest, of the manifest or, if there are several platforms, of the index. */
  readonly reference: string;
  readonly platforms: readonly Platform[];
  /** The bytes of each compressed layer by its digest, by platform. */
  readonly layers: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What it is based on by its labels, name@digest; undefined for images from before this project. */
  readonly base: string | undefined;
}

/** Reads an image by its tag; undefined if the tag does not exist. */
export async function readServed(repository: string, tag: string): Promise<ServedImage | undefined> {
  return reading(repository, async (client) => {
    const digest = await client.digest(tag);
    if (digest === undefined) return undefined;
    const images = await readImages(client, digest);
    const platforms = images.map(({ platform }) => platform).filter(isPlatform);
    const { [baseLabels.name]: name, [baseLabels.digest]: of } = images[0]?.config.config?.Labels ?? {};
    const base = name && of && `${name}@${of}`;
    const layers = Object.fromEntries(images.map((image) => [image.platform, bytesOf(image)]));
    return { repository, reference: `${repository}:${tag}@${digest}`, platforms: platforms.sort(), layers, base };
  });
}

const bytesOf = ({ layers }: PlatformImage) => Object.fromEntries(layers.map(({ digest, size }) => [digest, size]));

/** The tag of the previous release: the highest lower version of the stack. For prod, each `latest` is a `vX.Y.Z` too. */
export function previousTag({ stack, pulumiVersion }: Release, tags: readonly string[]): string | undefined {
  const lower = tags
    .flatMap((tag) => parseGitTag(tag) ?? [])
    .filter((other) => other.stack === stack && other.tag !== "latest")
    .filter((other) => semver.lt(other.pulumiVersion, pulumiVersion));
  return lower.sort((a, b) => semver.rcompare(a.pulumiVersion, b.pulumiVersion))[0]?.tag;
}

/** Reads from a repository. @throws {Fault} that names it if that fails */
export async function reading<T>(repository: string, read: (client: RepositoryClient) => Promise<T>): Promise<T> {
  return read(new RepositoryClient(repository)).catch((error: unknown) => {
    throw new Fault(`Could not read ${repository}: ${messageOf(causeOf(error))}. Retry when the registry answers.`);
  });
}
