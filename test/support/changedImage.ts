// Images that differ from a published one on purpose, pushed to a registry that asks for no login.
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";

import { readLayer, visitEntries } from "../../ci/verify/layer";
import { RepositoryClient, registryUrl } from "../../images/registryClient";
import { bytesOf } from "./layers";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

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
  const manifest = (await client.manifest(from)) as unknown as Manifest;
  const config = JSON.parse((await client.blob(manifest.config.digest)).toString()) as {
    rootfs: { diff_ids: string[] };
  };
  const layers = [...manifest.layers];
  for (const [index, layer] of manifest.layers.entries()) {
    const changed = await change(await client.blob(layer.digest), index, layers.length);
    if (changed === undefined) continue;
    layers[index] = await pushBlob(repository, changed.blob, changed.mediaType);
    config.rootfs.diff_ids[index] = (await readLayer(changed.blob)).diffId;
  }
  const configBlob = await pushBlob(repository, Buffer.from(JSON.stringify(config)), manifest.config.mediaType);
  const body = JSON.stringify({ ...manifest, config: configBlob, layers });
  await send(`${urlOf(repository)}/manifests/${to}`, {
    method: "PUT",
    body,
    headers: { "content-type": manifest.mediaType },
  });
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

async function pushBlob(repository: string, blob: Buffer, mediaType: string): Promise<Descriptor> {
  const digest = `sha256:${createHash("sha256").update(blob).digest("hex")}`;
  const upload = await send(`${urlOf(repository)}/blobs/uploads/`, { method: "POST" });
  const target = new URL(upload.headers.get("location") ?? "", upload.url);
  target.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream" };
  await send(target.href, { method: "PUT", body: new Uint8Array(blob), headers });
  return { mediaType, digest, size: blob.length };
}

function urlOf(repository: string): string {
  const [, registry = "", name = ""] = /^([^/]+)\/(.+)$/.exec(repository) ?? [];
  return `${registryUrl(registry)}/v2/${name}`;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${init.method} ${url} answers ${response.status} ${await response.text()}`);
  return response;
}
