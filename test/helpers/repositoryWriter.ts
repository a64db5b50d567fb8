import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { type Credentials, basicAuthorization, registryUrl } from "../../lib/oci/repositoryClient";

/** A manifest's reference to a blob. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes to a repository directly, without the engine and the builder. */
export class RepositoryWriter {
  constructor(
    /** host[:port]/path */
    private readonly repository: string,
    private readonly credentials?: Credentials,
  ) {}

  /** Sends a request to a path below the repository; fails unless the registry accepts it. */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(path, `${registryUrl(this.repository.replace("/", "/v2/"))}/`).href;
    const headers = new Headers(init.headers);
    if (this.credentials !== undefined) headers.set("authorization", basicAuthorization(this.credentials));
    const response = await fetch(url, { ...init, headers });
    if (response.ok) return response;
    throw new Error(`${init.method ?? "GET"} ${url} answers ${response.status} ${await response.text()}`);
  }

  /** Pushes a blob and returns its descriptor. */
  async pushBlob(content: Buffer, mediaType: string): Promise<Descriptor> {
    const digest = digestOf(content);
    const upload = await this.send("blobs/uploads/", { method: "POST" });
    const target = new URL(upload.headers.get("location") ?? "", upload.url);
    target.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    await this.send(target.href, { method: "PUT", headers, body: new Uint8Array(content) });
    return { mediaType, digest, size: content.length };
  }

  /** Pushes a manifest under a tag and returns its digest. */
  async pushManifest(
    tag: string,
    manifest: Readonly<Record<string, unknown>> & { readonly mediaType: string },
  ): Promise<string> {
    const body = JSON.stringify(manifest);
    await this.send(`manifests/${tag}`, { method: "PUT", headers: { "content-type": manifest.mediaType }, body });
    return digestOf(Buffer.from(body));
  }
}

/** The digest of some content in the form of OCI: sha256:… in hex. */
export function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** An empty layer: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
const emptyTar = Buffer.alloc(1024);

/** Pushes an image with one empty layer and these labels; returns the digest of its manifest. */
export async function pushImage(
  repository: string,
  tag: string,
  labels: Record<string, string>,
  credentials?: Credentials,
): Promise<string> {
  const writer = new RepositoryWriter(repository, credentials);
  const rootfs = { type: "layers", diff_ids: [digestOf(emptyTar)] };
  const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs, config: { Labels: labels } });
  return writer.pushManifest(tag, {
    ...{ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json" },
    config: await writer.pushBlob(Buffer.from(config), "application/vnd.oci.image.config.v1+json"),
    layers: [await writer.pushBlob(gzipSync(emptyTar), "application/vnd.oci.image.layer.v1.tar+gzip")],
  });
}
