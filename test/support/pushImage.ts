import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { type Credentials, basicAuthorization, registryUrl } from "../../images/registryClient";

/** A layer that holds no file: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
const emptyTar = Buffer.alloc(1024);

/** Pushes a small image, whose config has these labels, under a tag. Gives its digest. */
export async function pushImage(
  repository: string,
  tag: string,
  labels: Record<string, string>,
  credentials?: Credentials,
): Promise<string> {
  const [, registry = "", name = ""] = /^([^/]+)\/(.+)$/.exec(repository) ?? [];
  const url = `${registryUrl(registry)}/v2/${name}`;
  const headers: Record<string, string> =
    credentials === undefined ? {} : { authorization: basicAuthorization(credentials) };
  const rootfs = { type: "layers", diff_ids: [digestOf(emptyTar)] };
  const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs, config: { Labels: labels } });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: await pushBlob(url, "application/vnd.oci.image.config.v1+json", Buffer.from(config), headers),
    layers: [await pushBlob(url, "application/vnd.oci.image.layer.v1.tar+gzip", gzipSync(emptyTar), headers)],
  });
  const typed = { ...headers, "content-type": mediaType };
  await send(`${url}/manifests/${tag}`, { method: "PUT", body: manifest, headers: typed });
  return digestOf(Buffer.from(manifest));
}

/** Pushes a blob in two requests, by its digest. Gives its descriptor. */
async function pushBlob(url: string, mediaType: string, content: Buffer, headers: Record<string, string>) {
  const digest = digestOf(content);
  const upload = await send(`${url}/blobs/uploads/`, { method: "POST", headers });
  const target = new URL(upload.headers.get("location") ?? "", url);
  target.searchParams.set("digest", digest);
  const typed = { ...headers, "content-type": "application/octet-stream" };
  await send(target.href, { method: "PUT", body: new Uint8Array(content), headers: typed });
  return { mediaType, digest, size: content.length };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${init.method} ${url} answers ${response.status} ${await response.text()}`);
  return response;
}
