import { catalogue } from "../images/catalogue";
import { repositoryUri } from "../images/registry";
import { RepositoryClient } from "../images/registryClient";
import { Fault } from "./fault";
import { readImages } from "./image";
import { say } from "./say";
import { textTable } from "./table";
import { readStackRegistry } from "./stackFile";
import { writeOutputs } from "./workflowFiles";

/** A published image, as it is attested and scanned. */
export interface Subject {
  readonly language: string;
  /** host[:port]/path */
  readonly repository: string;
  /** The digest of its index, or of its manifest where it has one platform. */
  readonly digest: string;
  /** The digest of each platform's manifest, by os/architecture. */
  readonly platforms: Readonly<Record<string, string>>;
}

/** Looks up the platforms of an image by its digest. Throws an Error where the registry does not have it. */
export async function subjectOf(language: string, client: RepositoryClient, digest: string): Promise<Subject> {
  const images = await readImages(client, digest);
  const platforms = images.map((image) => [image.platform, image.digest] as const);
  return { language, repository: client.repository, digest, platforms: Object.fromEntries(platforms) };
}

/**
 * Lists what a stack's registry serves under an image tag, for each language of the catalogue that has it, and gives the
 * workflow step the output `targets`: the name and the reference of every platform's image, as JSON. Throws a Fault where
 * nothing has the tag.
 */
export async function listPublished(stack: string, tag: string, folder: string): Promise<void> {
  const registry = await readStackRegistry(folder, stack);
  const found = catalogue.map(async ({ name }) => {
    const client = new RepositoryClient(repositoryUri(registry, name));
    const digest = await client.digest(tag);
    if (digest !== undefined) return targetsOf(await subjectOf(name, client, digest));
    // No fault of a language that is new in a pull request. Where a released one is missing, the watcher says so.
    say(name, `is left out: ${client.repository} has no tag ${tag}`);
    return [];
  });
  const targets = (await Promise.all(found)).flat();
  if (targets.length === 0) {
    throw new Fault(`Stack ${stack} serves nothing under the tag ${JSON.stringify(tag)}. Release it first.`);
  }
  for (const line of textTable(targets)) console.log(`  ${line}`);
  writeOutputs({ targets: JSON.stringify(targets) });
}

function targetsOf({ language, repository, platforms }: Subject) {
  return Object.entries(platforms).map(([platform, digest]) => ({
    name: `${language}-${platform}`,
    reference: `${repository}@${digest}`,
  }));
}
