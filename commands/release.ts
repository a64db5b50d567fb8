import { type Language, catalogue } from "../images/catalogue";
import type { Release } from "../images/gitTag";
import { type RegistryAddress, repositoryUri } from "../images/repositoryUri";
import { Fault } from "../lib/errors";
import { setOutputs } from "../lib/githubActions";
import { type ClientOf, repositoryClients } from "../lib/oci/repositoryClient";
import { readSubjects } from "./attestationSubjects";
import { UpdateError, publish } from "./publish";
import { type ServedDigests, movedTags, reportRelease, unknownDigest } from "./releaseReport";
import type { Target } from "./target";

/**
 * Releases a git tag on a target: runs `pulumi up`, checks the registry and reports what changed. Sets the step outputs
 * `stack`, `tag` and `images`, the attestation subjects as JSON.
 * @param languages releases only these; none means all
 * @throws {Fault} if the tag may not be released or if the update fails; the message lists the tags that moved anyway
 */
export async function release(
  target: Target,
  gitTag: string | undefined,
  languages: readonly Language[] = [],
): Promise<void> {
  const wanted = await target.resolve(gitTag);
  if (wanted === undefined) return;
  const project = await target.prepare(wanted, languages);
  const clientOf = repositoryClients();
  const registry = await target.registry();
  const readDigests = () => readServedDigests(registry, wanted, clientOf);
  const before = await readDigests();
  const images = await publish(project, clientOf).catch(async (error: unknown) => {
    throw error instanceof UpdateError ? updateFault(movedTags(before, await readDigests())) : error;
  });
  // Before the report: the images are public by now and are attested from this output.
  const subjects = await readSubjects(images, clientOf);
  setOutputs({ stack: target.stack, tag: wanted.tag, images: JSON.stringify(subjects) });
  await reportRelease(images, before, clientOf);
  const references = Object.values(images).map(({ repository, tag }) => `${repository}:${tag}`);
  for (const step of target.nextSteps?.(references) ?? []) console.error(`  ${step}`);
}

/** Reads the digest that each language's tag serves now, by repository. */
async function readServedDigests(
  registry: RegistryAddress,
  { tag }: Release,
  clientOf: ClientOf,
): Promise<ServedDigests> {
  const served = new Map<string, string | undefined>();
  // Sequential, because registries limit the requests of anonymous clients.
  for (const { name } of catalogue) {
    const client = clientOf(repositoryUri(registry, name));
    served.set(client.repository, await client.digest(tag).catch(() => unknownDigest));
  }
  return served;
}

function updateFault(moved: readonly string[]): Fault {
  if (moved.length === 0)
    return new Fault("pulumi up failed, see above. No tag has moved: users still pull what they did before.");
  return new Fault(
    `pulumi up failed, see above, after these tags moved: ${moved.join(", ")}. ` +
      `Run the same command again to release the other languages.`,
  );
}
