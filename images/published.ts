// What the registry holds of earlier releases.
import * as pulumi from "@pulumi/pulumi";

import { Fault } from "../lib/errors";
import { findLost } from "../lib/oci/findLost";
import { type Credentials, RepositoryClient } from "../lib/oci/repositoryClient";
import type { Config } from "./config";
import { versionLabel } from "./labels";
import { type RegistryAddress, repositoryUri } from "./repositoryUri";
import type { PublishedImage, TaggedImage } from "./tag";

/**
 * Reads which images the registry serves as v<pulumiVersion>, so that another tag can move to them without a build.
 * @throws {Fault} once for all languages, if one has no such tag, or another version under it
 */
export async function readPublishedImages(
  config: Pick<Config, "languages" | "pulumiVersion" | "registry" | "alias">,
  credentials: Credentials | undefined,
): Promise<TaggedImage[]> {
  const { languages, pulumiVersion } = config;
  const tag = `v${pulumiVersion}`;
  const problems: string[] = [];
  const images = languages.map(async (language) => {
    const client = new RepositoryClient(repositoryUri(config, language.name), credentials);
    const digest = await client.digest(tag);
    if (digest === undefined) problems.push(`${client.repository} has no tag ${tag}.`);
    const lost = digest === undefined ? [] : await findLost(client, digest);
    if (lost.length > 0) problems.push(`${client.repository}:${tag} has lost ${lost.join(", ")}.`);
    // Images from before this project have no label.
    const { [versionLabel]: version = pulumiVersion } =
      (digest && lost.length === 0 && (await client.labels(digest))) || {};
    if (version !== pulumiVersion) problems.push(`${client.repository}:${tag} is Pulumi ${version}.`);
    const [repository, known] = [pulumi.output(client.repository), pulumi.output(digest ?? "")];
    return { language, repository, digest: known, pushesAgain: 0 };
  });
  const found = await Promise.all(images);
  if (problems.length === 0) return found;
  throw new Fault(
    [...problems.sort(), `No tag was moved. Release ${tag} first, or choose another version.`].join("\n"),
  );
}

/**
 * Reads how often each language's image had to be pushed again, because the registry had lost a manifest or a blob of what an
 * earlier update of this stack pushed. The number is a build argument that no Dockerfile declares: a new one pushes with an
 * unchanged digest.
 * Images do not notice a loss by themselves: the provider looks only for tags, and only in `pulumi refresh`.
 * @throws {Fault} if the registry cannot be read
 */
export async function countPushesAgain(
  config: RegistryAddress,
  credentials: Credentials | undefined,
): Promise<(language: string) => number> {
  // After a move to another registry, every image is pushed anyway, and the credentials are not for the old one.
  const isHere = ([language, { repository }]: [string, Published[string]]) =>
    repository === repositoryUri(config, language);
  const images = Object.entries(await readPublished()).filter(isHere);
  const counts = images.map(async ([language, { repository, digest, pushesAgain = 0 }]) => {
    const lost = await findLost(new RepositoryClient(repository, credentials), digest);
    if (lost.length === 0) return [language, pushesAgain] as const;
    await pulumi.log.warn(`${repository} has lost ${lost.join(", ")}. The image is pushed again.`);
    return [language, pushesAgain + 1] as const;
  });
  const byLanguage = new Map(await Promise.all(counts));
  return (language) => byLanguage.get(language) ?? 0;
}

type Published = Readonly<Record<string, Pick<pulumi.Unwrap<PublishedImage>, "repository" | "digest" | "pushesAgain">>>;

/** The output `images` of this stack's last update, by language. A StackReference would be a resource in the state. */
async function readPublished(): Promise<Published> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
    outputs?: { images?: Published };
  };
  return outputs?.images ?? {};
}
