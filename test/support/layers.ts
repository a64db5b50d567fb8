import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";

import { extract } from "tar-stream";

import { RepositoryClient } from "../../images/registryClient";

/** A file of a layer. */
export interface LayerFile {
  readonly name: string;
  readonly type: string;
  readonly modified: Date;
  readonly content: Buffer;
}

/** The digests of an image's layers, the lowest first. The reference names one platform's manifest. */
export async function layersOf(repository: string, reference: string): Promise<string[]> {
  const { layers } = (await new RepositoryClient(repository).manifest(reference)) ?? {};
  if (layers === undefined) throw new Error(`${repository}@${reference} is not the manifest of one platform.`);
  return layers.map(({ digest }) => digest);
}

/** Reads a gzip layer's files. */
export async function filesOf(repository: string, layer: string): Promise<LayerFile[]> {
  const files: LayerFile[] = [];
  const entries = Readable.from(await new RepositoryClient(repository).blob(layer))
    .pipe(createGunzip())
    .pipe(extract());
  for await (const entry of entries) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { name, type, mtime } = entry.header;
    files.push({ name, type: type ?? "file", modified: mtime ?? new Date(NaN), content: Buffer.concat(chunks) });
  }
  return files;
}
