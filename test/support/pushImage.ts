import { createHash } from "node:crypto";

import { registryUrl } from "../../images/registryClient";

/** Pushes an image without layers, whose config has these labels, to a registry that asks for no login. Gives its digest. */
export async function pushImage(repository: string, tag: string, labels: Record<string, string>): Promise<string> {
  const [, registry = "", name = ""] = /^([^/]+)\/(.+)$/.exec(repository) ?? [];
  const url = `${registryUrl(registry)}/v2/${name}`;
  const config = JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: labels } });
  const digest = digestOf(config);
  const upload = await send(`${url}/blobs/uploads/`, { method: "POST" });
  const target = new URL(upload.headers.get("location") ?? "", url);
  target.searchParams.set("digest", digest);
  await send(target.href, { method: "PUT", body: config, headers: { "content-type": "application/octet-stream" } });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const descriptor = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: Buffer.byteLength(config) };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: descriptor, layers: [] });
  await send(`${url}/manifests/${tag}`, { method: "PUT", body: manifest, headers: { "content-type": mediaType } });
  return digestOf(manifest);
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${init.method} ${url} answers ${response.status} ${await response.text()}`);
  return response;
}
