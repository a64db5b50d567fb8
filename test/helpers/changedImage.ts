// Images that differ from a published one on purpose, pushed to a registry that allows anonymous pushes.
import { gunzipSync, gzipSync } from "node:zlib";

import { readLayer, visitEntries } from "../../commands/verify/layer";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { bytesOf } from "./layers";
import { type Descriptor, RepositoryWriter } from "./repositoryWriter";

interface Manifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/**
 * Pushes a copy of a single-platform image with other layers under a tag.
 * @param change gets each layer's blob, lowest first; undefined keeps it
 */
export async function pushChanged(
  repository: string,
  { from, to }: { readonly from: string; readonly to: string },
  change: (blob: Buffer, index: number, count: number) => Promise<Buffer | undefined>,
): Promise<void> {
  const client = new RepositoryClient(repository);
  const writer = new RepositoryWriter(repository);
  const manifest = (await client.manifest(from)) as unknown as Manifest;
  const config = JSON.parse((await client.blob(manifest.config.digest)).toString()) as {
    rootfs: { diff_ids: string[] };
  };
  const layers = [...manifest.layers];
  for (const [index, layer] of manifest.layers.entries()) {
    const changed = await change(await client.blob(layer.digest), index, layers.length);
    if (changed === undefined) continue;
    layers[index] = await writer.pushBlob(changed, layer.mediaType);
    config.rootfs.diff_ids[index] = (await readLayer(changed)).diffId;
  }
  const configBlob = await writer.pushBlob(Buffer.from(JSON.stringify(config)), manifest.config.mediaType);
  await writer.pushManifest(to, { ...manifest, config: configBlob, layers });
}

/** Compresses a layer's archive with another level of gzip than BuildKit's. */
export function recompress(blob: Buffer): Buffer {
  return gzipSync(gunzipSync(blob), { level: 1 });
}

/** Flips one bit of the first byte of a file in a layer. Nothing else changes. */
export async function changeByte(blob: Buffer, file: string): Promise<Buffer> {
  const archive = gunzipSync(blob);
  let start: number | undefined;
  await visitEntries(blob, async (header, content) => {
    await bytesOf(content);
    // tar-stream's own types lack it.
    if (header.name === file) start = (header as { byteOffset?: number }).byteOffset;
  });
  if (start === undefined) throw new Error(`The layer has no ${file}.`);
  archive[start] = (archive[start] ?? 0) ^ 1;
  return gzipSync(archive, { level: 1 });
}
