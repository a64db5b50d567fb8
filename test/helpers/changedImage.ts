import { buffer } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";

import { readLayer, visitEntries } from "../../commands/verify/layer";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { type Descriptor, RepositoryWriter } from "./repositoryWriter";

interface Manifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/**
 * Pushes a copy of a single-platform image under another tag, to a registry that allows anonymous pushes: one bit of the first
 * byte of a file in its last layer differs.
 */
export async function pushChanged(repository: string, from: string, to: string, file: string): Promise<void> {
  const client = new RepositoryClient(repository);
  const writer = new RepositoryWriter(repository);
  const manifest = (await client.manifest(from)) as unknown as Manifest;
  const config = JSON.parse((await client.blob(manifest.config.digest)).toString()) as {
    rootfs: { diff_ids: string[] };
  };
  const last = manifest.layers.at(-1)!;
  const changed = await changeByte(await client.blob(last.digest), file);
  const layers = manifest.layers.with(-1, await writer.pushBlob(changed, last.mediaType));
  config.rootfs.diff_ids = config.rootfs.diff_ids.with(-1, (await readLayer(changed)).diffId);
  const configBlob = await writer.pushBlob(Buffer.from(JSON.stringify(config)), manifest.config.mediaType);
  await writer.pushManifest(to, { ...manifest, config: configBlob, layers });
}

async function changeByte(blob: Buffer, file: string): Promise<Buffer> {
  const archive = gunzipSync(blob);
  let start: number | undefined;
  await visitEntries(blob, async (header, content) => {
    await buffer(content);
    // tar-stream's own types lack it.
    if (header.name === file) start = (header as { byteOffset?: number }).byteOffset;
  });
  if (start === undefined) throw new Error(`The layer has no ${file}.`);
  archive[start] = (archive[start] ?? 0) ^ 1;
  return gzipSync(archive, { level: 1 });
}
