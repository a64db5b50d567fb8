// Images that differ from a published one on purpose, pushed to a registry that asks for no login.
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";

import { readLayer, visitEntries } from "../../commands/verify/layer";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { bytesOf } from "./layers";
import { type Descriptor, RepositoryWriter } from "./repositoryWriter";

interface Manifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What becomes of a layer's blob. */
export interface LayerChange {
  readonly mediaType: string;
  readonly blob: Buffer;
}

const layerType = "application/vnd.oci.image.layer.v1.tar";

/** Pushes an image of one platform with other layers under a tag. `change` gets each of them, the lowest first. */
export async function pushChanged(
  repository: string,
  { from, to }: { readonly from: string; readonly to: string },
  change: (blob: Buffer, index: number, count: number) => Promise<LayerChange | undefined>,
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
    layers[index] = await writer.pushBlob(changed.blob, changed.mediaType);
    config.rootfs.diff_ids[index] = (await readLayer(changed.blob)).diffId;
  }
  const configBlob = await writer.pushBlob(Buffer.from(JSON.stringify(config)), manifest.config.mediaType);
  await writer.pushManifest(to, { ...manifest, config: configBlob, layers });
}

/** A gzip layer with zstd in its place. */
export function recompress(blob: Buffer): LayerChange {
  return { mediaType: `${layerType}+zstd`, blob: zstdCompressSync(gunzipSync(blob)) };
}

/** A gzip layer with another first byte in the file of this name, and not a bit else changed. */
export async function changeByte(blob: Buffer, file: string): Promise<LayerChange> {
  const archive = gunzipSync(blob);
  let start: number | undefined;
  await visitEntries(archive, async (header, content) => {
    await bytesOf(content);
    // tar-stream's own types leave it out.
    if (header.name === file) start = (header as { byteOffset?: number }).byteOffset;
  });
  if (start === undefined) throw new Error(`The layer has no ${file}.`);
  archive[start] = (archive[start] ?? 0) ^ 1;
  return { mediaType: `${layerType}+gzip`, blob: gzipSync(archive, { level: 1 }) };
}
