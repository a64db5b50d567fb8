import type { Language } from "../../images/catalogue";
import { Fault, messageOf } from "../../lib/errors";
import { versionLabel } from "../../images/labels";
import { type Platform, isPlatform } from "../../images/platform";
import { type RegistryAddress, repositoryUri } from "../../images/repositoryUri";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { isPulumiVersion, requireRelease } from "../../images/gitTag";
import { readImages } from "../../lib/oci/image";
import type { ImageReference } from "./compare";

/** A tag whose images are verified. */
export interface AskedTag {
  /** The image tag. */
  readonly tag: string;
  /** The version that the tag says its images to have; undefined where it says none. */
  readonly version: string | undefined;
  /** The stack that publishes it. */
  readonly stack: "dev" | "prod";
}

/** What a registry serves for a language under a tag. */
export interface PublishedImage extends ImageReference {
  readonly language: Language;
  readonly tag: string;
  /** The version of Pulumi that its label names. */
  readonly version: string;
  /** Its platforms, in the order of its index. */
  readonly platforms: readonly Platform[];
}

/** Tells which image tag a git tag stands for; `latest`, the image tag, is taken too. Throws a Fault for any other text. */
export function askedTag(text: string): AskedTag {
  if (text === "latest") return { tag: text, version: undefined, stack: "prod" };
  const { tag, pulumiVersion, stack } = requireRelease(text);
  return { tag, version: pulumiVersion, stack };
}

/**
 * Reads what is served for the languages under a tag. Throws a Fault that names every one that cannot be rebuilt: what is
 * not there, what cannot be read, and what is from before this project, without a label that names its version.
 */
export async function readPublished(
  registry: RegistryAddress,
  tag: string,
  languages: readonly Language[],
): Promise<PublishedImage[]> {
  const read = languages.map((language) => {
    const repository = repositoryUri(registry, language.name);
    return readImage(new RepositoryClient(repository), tag, language).catch(
      (error: unknown) => `${repository}:${tag} ${messageOf(error)}`,
    );
  });
  const results = await Promise.all(read);
  const faults = results.filter((result) => typeof result === "string");
  if (faults.length > 0) throw new Fault(`There is nothing to compare with:\n${faults.join("\n")}`);
  return results.filter((result) => typeof result !== "string");
}

async function readImage(client: RepositoryClient, tag: string, language: Language): Promise<PublishedImage> {
  const digest = await client.digest(tag).catch((error: unknown) => {
    throw new Error(`cannot be read: ${messageOf(error)}. Check the address and the network.`);
  });
  if (digest === undefined) throw new Error("is not there. Release the tag, or give LANGUAGE to leave a language out.");
  const images = await readImages(client, digest);
  const [version] = images.map(({ config }) => config.config?.Labels?.[versionLabel]);
  if (version === undefined || !isPulumiVersion(version)) {
    throw new Error(
      `has no label ${versionLabel} of a version of Pulumi (${version ?? "none"}): it is an image from before this ` +
        `project, which nothing here can build.`,
    );
  }
  const platforms = images.map(({ platform }) => platform);
  if (!platforms.every(isPlatform)) throw new Error(`has platforms that are not built here: ${platforms.join(", ")}.`);
  return { language, tag, version, platforms, digest, source: client };
}
