import { type ClientOf, repositoryClients } from "../images/registryClient";
import type { PublishedImage } from "../images/runnerImage";

/** An image as a stack's outputs name it. */
export type Published = { readonly [Key in keyof PublishedImage]: string };

/** The stack's output `images`, by language. */
export type PublishedImages = Readonly<Record<string, Published>>;

/**
 * Releases, and sees to it that the registry serves under every tag the digest that the stack's outputs name. The
 * provider asks only for digests: a tag that was deleted or moved by hand it takes for unchanged. Where one was, the
 * update runs once more with another `repair`, which pushes every image again. Throws an Error where that does not help.
 * @param update runs `pulumi up` with this value of `repair` in the config, undefined for none, and gives the outputs
 */
export async function releaseUntilServed(
  update: (repair: string | undefined) => Promise<PublishedImages>,
  say: (sentence: string) => void,
  clientOf: ClientOf = repositoryClients(),
): Promise<PublishedImages> {
  const images = await update(undefined);
  const unserved = await findUnserved(images, clientOf);
  if (unserved.length === 0) return images;
  say(`The registry does not serve what was released: ${unserved.join("; ")}. Pushing it again.`);
  const repaired = await update(new Date().toISOString());
  const left = await findUnserved(repaired, clientOf);
  if (left.length === 0) return repaired;
  throw new Error(
    `The registry does not serve what was released, twice: ${left.join("; ")}. Find out who else writes to it, then release again.`,
  );
}

/**
 * The tags that serve something else than the outputs name, each in a few words. One is read after another: a registry
 * takes only so many requests at once from whoever does not log in.
 */
async function findUnserved(images: PublishedImages, clientOf: ClientOf): Promise<string[]> {
  const unserved: string[] = [];
  for (const { repository, tag, digest } of Object.values(images)) {
    const served = await clientOf(repository).digest(tag);
    if (served !== digest) unserved.push(`${repository}:${tag} is ${served ?? "not there"} instead of ${digest}`);
  }
  return unserved;
}
