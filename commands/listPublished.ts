import { catalogue } from "../images/catalogue";
import { repositoryUri } from "../images/repositoryUri";
import { Fault } from "../lib/errors";
import { setOutputs } from "../lib/githubActions";
import { log } from "../lib/log";
import { readImages } from "../lib/oci/image";
import { RepositoryClient } from "../lib/oci/repositoryClient";
import { textTable } from "../lib/table";
import type { Target } from "./target";

/** Lists the images under an image tag, also as step output `targets`, in JSON. @throws {Fault} if no language has it */
export async function listPublished(target: Target, tag: string): Promise<void> {
  const registry = await target.registry();
  const found = catalogue.map(async ({ name }) => {
    const client = new RepositoryClient(repositoryUri(registry, name));
    const digest = await client.digest(tag);
    // Not an error: the language may be new in a pull request. The watcher reports a missing image.
    if (digest === undefined) log(name, `skipped: ${client.repository} has no tag ${tag}`);
    return (digest === undefined ? [] : await readImages(client, digest)).map((image) => ({
      name: `${name}-${image.platform}`,
      reference: `${client.repository}@${image.digest}`,
    }));
  });
  const targets = (await Promise.all(found)).flat();
  if (targets.length === 0) {
    throw new Fault(`Stack ${target.stack} publishes nothing under the tag ${JSON.stringify(tag)}. Release it first.`);
  }
  for (const line of textTable(targets)) console.log(`  ${line}`);
  setOutputs({ targets: JSON.stringify(targets) });
}
