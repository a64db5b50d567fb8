import { createHash } from "node:crypto";

import { type Credentials, basicAuthorization, registryUrl } from "../../lib/oci/repositoryClient";

/** A manifest's reference to a blob. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes to a repository directly, without the engine and the builder. */
export class RepositoryWriter {
  private readonly url: string;
  private readonly headers: Readonly<Record<string, string>>;

  /**
   * @param repository host[:port]/path
   * @param credentials if omitted, the registry must accept anonymous pushes
   */
  constructor(repository: string, credentials?: Credentials) {
    const [, registry = "", name = ""] = /^([^/]+)\/(.+)$/.exec(repository) ?? [];
    this.url = `${registryUrl(registry)}/v2/${name}`;
    this.headers = credentials === undefined ? {} : { authorization: basicAuthorization(credentials) };
  }

  /** Pushes a blob and returns its descriptor. */
  async pushBlob(content: Buffer, mediaType: string): Promise<Descriptor> {
    const digest = digestOf(content);
    const upload = await this.send(`${this.url}/blobs/uploads/`, "POST");
    const target = new URL(upload.headers.get("location") ?? "", upload.url);
    target.searchParams.set("digest", digest);
    await this.send(target.href, "PUT", new Uint8Array(content), "application/octet-stream");
    return { mediaType, digest, size: content.length };
  }

  /**
   * Pushes a manifest under a tag.
   * @returns its digest
   */
  async pushManifest(
    tag: string,
    manifest: Readonly<Record<string, unknown>> & { mediaType: string },
  ): Promise<string> {
    const body = JSON.stringify(manifest);
    await this.send(`${this.url}/manifests/${tag}`, "PUT", body, manifest.mediaType);
    return digestOf(Buffer.from(body));
  }

  private async send(url: string, method: string, body?: BodyInit, type?: string): Promise<Response> {
    const headers = type === undefined ? this.headers : { ...this.headers, "content-type": type };
    const response = await fetch(url, { method, headers, body });
    if (!response.ok) throw new Error(`${method} ${url} answers ${response.status} ${await response.text()}`);
    return response;
  }
}

/** The digest of some content in the form of OCI: sha256:… in hex. */
export function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
