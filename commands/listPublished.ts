import { catalogue } from "../images/catalogue";
import { repositoryUri } from "../images/repositoryUri";
import { Fault } from "../lib/errors";
import { setOutputs } from "../lib/githubActions";
import { log } from "../lib/log";
import { readImages } from "../lib/oci/image";
import { RepositoryClient } from "../lib/oci/repositoryClient";
import { textTable } from "../lib/table";
import type { Target } from "./target";

/** A published image, as workflows attest and scan it. */
export interface Subject {
  readonly language: string;
  /** host[:port]/path */
  readonly repository: string;
  /** Digest of its index, or of its manifest if it has one platform. */
  readonly digest: string;
  /** Digest of each platform's manifest, by os/architecture. */
  readonly platforms: Readonly<Record<string, string>>;
}

/** Reads the platforms of an image by its digest. */
export async function readSubject(language: string, client: RepositoryClient, digest: string): Promise<Subject> {
  const platforms = (await readImages(client, digest)).map((image) => [image.platform, image.digest] as const);
  return { language, repository: client.repository, digest, platforms: Object.fromEntries(platforms) };
}

/**
 * Lists the images that a target publishes under an image tag. Sets the step output `targets`: the name and the reference
 * of every platform's image, as JSON.
 * @throws {Fault} if no language has the tag
 */
export async function listPublished(target: Target, tag: string): Promise<void> {
  const registry = await target.registry();
  const found = catalogue.map(async ({ name }) => {
    const client = new RepositoryClient(repositoryUri(registry, name));
    const digest = await client.digest(tag);
    if (digest !== undefined) return scanTargets(await readSubject(name, client, digest));
    // Not an error: the language may be new in a pull request. The watcher reports a missing image.
    log(name, `skipped: ${client.repository} has no tag ${tag}`);
    return [];
  });
  const targets = (await Promise.all(found)).flat();
  if (targets.length === 0) {
    throw new Fault(`Stack ${target.stack} publishes nothing under the tag ${JSON.stringify(tag)}. Release it first.`);
  }
  for (const line of textTable(targets)) console.log(`  ${line}`);
  setOutputs({ targets: JSON.stringify(targets) });
}

function scanTargets({ language, repository, platforms }: Subject) {
  return Object.entries(platforms).map(([platform, digest]) => ({
    name: `${language}-${platform}`,
    reference: `${repository}@${digest}`,
  }));
}
