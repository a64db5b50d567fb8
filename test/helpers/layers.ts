import { buffer } from "node:stream/consumers";

import { visitEntries } from "../../commands/verify/layer";
import { RepositoryClient } from "../../lib/oci/repositoryClient";

/** A file of a layer, with its content. */
export interface LayerFile {
  readonly name: string;
  readonly type: string;
  readonly modified: Date;
  readonly content: Buffer;
}

/**
 * The digests of an image's layers, lowest first.
 * @param reference of the manifest of a single platform
 */
export async function layersOf(repository: string, reference: string): Promise<string[]> {
  const { layers } = (await new RepositoryClient(repository).manifest(reference)) ?? {};
  if (layers === undefined) throw new Error(`${repository}@${reference} is not the manifest of a single platform.`);
  return layers.map(({ digest }) => digest);
}

/** Reads a layer's files. */
export async function filesOf(repository: string, layer: string): Promise<LayerFile[]> {
  const files: LayerFile[] = [];
  await visitEntries(await new RepositoryClient(repository).blob(layer), async ({ name, type, mtime }, content) => {
    files.push({ name, type, modified: mtime, content: await buffer(content) });
  });
  return files;
}
