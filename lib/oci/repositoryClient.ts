// Subset of the OCI distribution API: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
import { hash } from "node:crypto";

import { Fault } from "../errors";
import { type IdempotentRequest, type Sleep, fetchWithRetry } from "../http";
import { parseObject } from "../json";
import { readConfig } from "./image";

/** What helps against damaged content, which a push does not replace. */
export const damaged = "No push replaces it: remove it there first.";

const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** User and password of a registry. */
export type Credentials = Readonly<Record<"username" | "password", string>>;

/** An HTTP response that is an error. Its message names the URL, the status and the start of the body. */
export class RefusedError extends Fault {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

type Descriptor = Readonly<{ digest: string; size: number }>;

/** The fields of a manifest or an index that are read here. */
export interface Manifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  /** An index's manifests, usually one per platform. */
  readonly manifests?: readonly (Descriptor & { readonly platform?: { os: string; architecture: string } })[];
}

/** Content whose digest is another one than its name. */
export class DamagedError extends Fault {}

/** Reads one repository of a registry, and sets its tags. Every method throws a RefusedError for a response that is another error than 404. */
export class RepositoryClient {
  private readonly send: ReturnType<typeof openSession>;

  constructor(
    /** host[:port]/path */
    readonly repository: string,
    credentials?: Credentials,
    sleep?: Sleep,
  ) {
    this.send = openSession(credentials, sleep);
  }

  /** Reads the digest that a tag points to; undefined if the tag does not exist. */
  async digest(tag: string): Promise<string | undefined> {
    const response = await this.get(`manifests/${tag}`, { method: "HEAD" });
    return response?.headers.get("docker-content-digest") ?? undefined;
  }

  /** Lets a tag point to a manifest or an index of this repository. @throws {Fault} if it has none with that digest */
  async setTag(tag: string, digest: string): Promise<void> {
    const response = await this.get(`manifests/${digest}`);
    if (response === undefined) throw new Fault(`${this.repository}@${digest} does not exist.`);
    const headers = { "content-type": response.headers.get("content-type") ?? "" };
    const bytes = Buffer.from(await response.arrayBuffer());
    this.requireContent(digest, bytes);
    const body = String(bytes);
    await requireOk(await this.request(`manifests/${tag}`, { method: "PUT", headers, body }));
  }

  /** Whether the repository exists. */
  async exists(): Promise<boolean> {
    return (await this.get("tags/list")) !== undefined;
  }

  /** Lists the tags, page by page. A repository that does not exist has none. */
  async tags(): Promise<string[]> {
    const found: string[] = [];
    let page: string | undefined = "tags/list?n=1000";
    while (page !== undefined) {
      const response: Response | undefined = await this.get(page);
      const { tags }: { tags?: unknown } = (response && (await readJson(response))) ?? {};
      // Null if there are none.
      if (Array.isArray(tags)) found.push(...tags.map(String));
      page = /<([^>]+)>; *rel="?next"?/.exec(response?.headers.get("link") ?? "")?.[1];
    }
    return found;
  }

  /** Reads a manifest or an index by tag or digest; undefined if it does not exist. @throws {Fault} if it is damaged */
  async manifest(reference: string): Promise<Manifest | undefined> {
    const response = await this.get(`manifests/${reference}`);
    if (response === undefined) return undefined;
    this.requireContent(reference, Buffer.from(await response.clone().arrayBuffer()));
    const manifest = await readJson(response);
    if (isManifest(manifest)) return manifest;
    throw new Fault(`${response.url} is not the manifest of an image. Check which server answers there.`);
  }

  /** Downloads a blob by digest. @throws {Fault} if it is damaged */
  async blob(digest: string): Promise<Buffer> {
    // A layer has a hundred megabytes and more.
    const response = await this.request(`blobs/${digest}`, { timeout: 15 * 60_000 });
    const blob = Buffer.from(await (await requireOk(response)).arrayBuffer());
    this.requireContent(digest, blob);
    return blob;
  }

  /** Checks content by its digest, as clients should: https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
  private requireContent(digest: string, content: Buffer): void {
    const [, expected] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
    if (expected === undefined || hash("sha256", content) === expected) return;
    throw new DamagedError(
      `${this.repository}@${digest} is damaged in the registry's storage: its content has another digest. ${damaged}`,
    );
  }

  /** Why a blob cannot be pulled, without its content: it does not exist, or has another size; undefined if it can. */
  async whyLost({ digest, size }: Descriptor): Promise<string | undefined> {
    const response = await this.get(`blobs/${digest}`, { method: "HEAD" });
    if (response === undefined) return `blob ${digest}`;
    const length = response.headers.get("content-length");
    // Not every server sends it.
    return length === null || Number(length) === size
      ? undefined
      : `blob ${digest} (${length} instead of ${size} bytes)`;
  }

  /** Reads an image's labels by tag or digest; of an index, those of its first image. Undefined if it does not exist. */
  async labels(reference: string): Promise<Record<string, string> | undefined> {
    const manifest = await this.manifest(reference);
    if (manifest === undefined) return undefined;
    const [first] = manifest.manifests ?? [];
    if (first !== undefined) return this.labels(first.digest);
    return (await readConfig(this, manifest)).config?.Labels ?? {};
  }

  /** Adds up the compressed size of an image's layers in bytes, over all its platforms. */
  async compressedSize(reference: string): Promise<number> {
    const { layers = [], manifests = [] } = (await this.manifest(reference)) ?? {};
    const ofManifests = await Promise.all(manifests.map(({ digest }) => this.compressedSize(digest)));
    return [...layers.map(({ size }) => size), ...ofManifests].reduce((sum, size) => sum + size, 0);
  }

  /** Undefined for 404. */
  private async get(path: string, options?: IdempotentRequest): Promise<Response | undefined> {
    const response = await this.request(path, options);
    return response.status === 404 ? undefined : requireOk(response);
  }

  private request(path: string, options?: IdempotentRequest): Promise<Response> {
    return this.send(new URL(path, `${registryUrl(this.repository.replace("/", "/v2/"))}/`).href, options);
  }
}

/** Returns the client of a repository, host[:port]/path: always the same one, so that it gets one token. */
export type ClientOf = (repository: string) => RepositoryClient;

/** Creates clients on demand, one per repository. */
export function repositoryClients(credentials?: Credentials): ClientOf {
  const clients = new Map<string, RepositoryClient>();
  return (repository) => {
    const client = clients.get(repository) ?? new RepositoryClient(repository, credentials);
    clients.set(repository, client);
    return client;
  };
}

/** Logs in to a registry, host[:port]. @throws {RefusedError} if it rejects the credentials */
export async function logIn(registry: string, credentials: Credentials, sleep?: Sleep): Promise<void> {
  await requireOk(await openSession(credentials, sleep)(`${registryUrl(registry)}/v2/`));
}

/** Returns a function that sends requests of one scope, with a new authorization whenever the registry asks for one. */
function openSession(credentials?: Credentials, sleep?: Sleep) {
  let authorization = "";
  const send = (url: string, options?: IdempotentRequest, authorized = authorization) => {
    const headers = { accept, ...options?.headers, ...(authorized === "" ? {} : { authorization: authorized }) };
    return fetchWithRetry(url, { timeout: 60_000, ...options, headers }, sleep);
  };
  /** Answers a challenge, basic or bearer: https://distribution.github.io/distribution/spec/auth/token/ */
  const authorize = async (challenge: string) => {
    const basic = credentials ? basicAuthorization(credentials) : "";
    if (/^basic /i.test(challenge)) return basic;
    const parameter = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1] ?? "";
    if (!/^bearer /i.test(challenge) || parameter("realm") === "") return "";
    const url = URL.parse(parameter("realm"));
    if (url === null)
      throw new Fault(
        `The registry asks for a token of "${parameter("realm")}", which is not a URL. Check which server answers.`,
      );
    for (const name of ["service", "scope"]) url.searchParams.set(name, parameter(name));
    const response = await requireOk(await send(url.href, {}, basic));
    const { token, access_token } = (await readJson(response)) as { token?: string; access_token?: string };
    return `Bearer ${token ?? access_token ?? ""}`;
  };
  return async (url: string, options?: IdempotentRequest): Promise<Response> => {
    const response = await send(url, options);
    if (response.status !== 401) return response;
    authorization = await authorize(response.headers.get("www-authenticate") ?? "");
    return authorization === "" ? response : send(url, options);
  };
}

/** A registry's URL. Like BuildKit, assumes plain HTTP on localhost. */
export function registryUrl(registry: string): string {
  return /^(localhost|127\.)/.test(registry) ? `http://${registry}` : `https://${registry}`;
}

/** The value of the Authorization header: https://datatracker.ietf.org/doc/html/rfc7617 */
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function isManifest(value: object): value is Manifest {
  const { config = { digest: "" }, layers, manifests } = value as Record<string, unknown>;
  const hasDigest = (descriptor: unknown) => typeof (Object(descriptor) as { digest?: unknown }).digest === "string";
  // Null as Go writes an empty list.
  return [[config], layers ?? [], manifests ?? []].every((list) => Array.isArray(list) && list.every(hasDigest));
}

/** @throws {Fault} if the body is not a JSON object */
async function readJson(response: Response): Promise<object> {
  return parseObject(await response.text(), `${response.url} answers ${response.status}, but not with JSON`);
}

async function requireOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  const text = (await response.text()).slice(0, 200);
  throw new RefusedError(`${response.url} answers ${response.status} ${text}`.trimEnd(), response.status);
}
