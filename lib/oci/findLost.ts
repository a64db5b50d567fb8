import { DamagedError, type RepositoryClient, damaged } from "./repositoryClient";

/**
 * Lists what a client that pulls an image would miss: manifests and blobs, of an index those of every platform.
 * @param seen the blobs that exist; shared by the images of a repository, which share layers
 * @throws {Fault} if the registry cannot be read
 */
export async function findLost(client: RepositoryClient, digest: string, seen = new Set<string>()): Promise<string[]> {
  const manifest = await client.manifest(digest).catch((error: unknown) => {
    if (error instanceof DamagedError) return "damaged" as const;
    throw error;
  });
  if (manifest === "damaged") return [`manifest ${digest} (damaged)`];
  if (manifest === undefined) return [`manifest ${digest}`];
  const lost: string[] = [];
  // Sequential, because registries limit the requests of anonymous clients.
  for (const child of manifest.manifests ?? []) lost.push(...(await findLost(client, child.digest, seen)));
  for (const blob of [manifest.config ?? [], manifest.layers ?? []].flat()) {
    if (seen.has(blob.digest)) continue;
    const reason = await client.whyLost(blob);
    if (reason === undefined) seen.add(blob.digest);
    else lost.push(reason);
  }
  return lost;
}

/** What a push does not repair of what is lost, as a sentence; empty if it repairs all of it. */
export function beyondPush(lost: readonly string[]): string {
  return lost.some((part) => / bytes\)|\(damaged\)/.test(part))
    ? `Content with another size or digest is damaged in the registry's storage. ${damaged}`
    : "";
}
