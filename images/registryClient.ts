// The part of https://github.com/opencontainers/distribution-spec/blob/main/spec.md that a release reads a registry by.

import { type Pause, fetchPatiently } from "./retry";

const types = {
  index: ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"],
  manifest: ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"],
};

/** What a registry is logged in to with. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** An answer that does not give what was asked for. */
export class RefusedError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** A manifest or an index, as far as it is read here. */
export interface Manifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  /** The manifests of an index, one per platform. */
  readonly manifests?: readonly (Descriptor & { readonly platform?: { os: string; architecture: string } })[];
}

/** A repository of a registry, for reading. What it is authorized by is asked for once. */
export class RepositoryClient {
  private readonly url: string;
  private readonly session: Session;

  /**
   * The repository is host[:port]/path. Where no credentials are given, the registry is read as anyone may.
   * @param pause waits between two tries
   */
  constructor(
    readonly repository: string,
    credentials?: Credentials,
    pause?: Pause,
  ) {
    const [, registry = "", name = ""] = /^([^/]+)\/(.+)$/.exec(repository) ?? [];
    this.url = `${registryUrl(registry)}/v2/${name}`;
    this.session = new Session(credentials, pause);
  }

  /** The digest that a tag serves, or undefined where there is no such tag. Throws an Error for any other answer. */
  async digest(tag: string): Promise<string | undefined> {
    const response = await this.request(`manifests/${tag}`, { method: "HEAD" });
    if (response.status === 404) return undefined;
    return (await succeed(response)).headers.get("docker-content-digest") ?? undefined;
  }

  /** Whether the registry knows the repository. Throws an Error for any other answer. */
  async exists(): Promise<boolean> {
    const response = await this.request("tags/list");
    if (response.status === 404) return false;
    await succeed(response);
    return true;
  }

  /** The tags of the repository, none where the registry does not know it. Throws an Error for any other answer. */
  async tags(): Promise<string[]> {
    const found: string[] = [];
    let url: string | undefined = `${this.url}/tags/list?n=1000`;
    while (url !== undefined) {
      const response: Response = await this.session.request(url);
      if (response.status === 404) return found;
      const { tags } = (await (await succeed(response)).json()) as { tags: string[] | null };
      found.push(...(tags ?? []));
      const next = /<([^>]+)>; *rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
      url = next === undefined ? undefined : new URL(next, url).href;
    }
    return found;
  }

  /** A manifest or an index by tag or digest, or undefined where there is none. Throws an Error for any other answer. */
  async manifest(reference: string): Promise<Manifest | undefined> {
    const response = await this.request(`manifests/${reference}`);
    if (response.status === 404) return undefined;
    return (await succeed(response)).json() as Promise<Manifest>;
  }

  /** A blob by digest. Throws an Error where there is none. */
  async blob(digest: string): Promise<Buffer> {
    // A layer is a hundred megabytes and more.
    const response = await this.request(`blobs/${digest}`, { patience: 15 * 60_000 });
    return Buffer.from(await (await succeed(response)).arrayBuffer());
  }

  /**
   * The labels of an image by tag or digest, of its first platform where it has several; undefined where there is no
   * such image. Throws an Error for any other answer.
   */
  async labels(reference: string): Promise<Record<string, string> | undefined> {
    const manifest = await this.manifest(reference);
    if (manifest === undefined) return undefined;
    const [first] = manifest.manifests ?? [];
    if (first !== undefined) return this.labels(first.digest);
    const text = (await this.blob(manifest.config?.digest ?? "")).toString();
    const { config } = JSON.parse(text) as { config?: { Labels?: Record<string, string> | null } };
    return config?.Labels ?? {};
  }

  /** The compressed size of an image's layers in bytes, over all its platforms. */
  async compressedSize(reference: string): Promise<number> {
    const { layers = [], manifests = [] } = (await this.manifest(reference)) ?? {};
    const ofManifests = await Promise.all(manifests.map(({ digest }) => this.compressedSize(digest)));
    return [...layers.map(({ size }) => size), ...ofManifests].reduce((sum, size) => sum + size, 0);
  }

  private request(path: string, options?: RequestOptions): Promise<Response> {
    return this.session.request(`${this.url}/${path}`, options);
  }
}

/** The client of a repository, host[:port]/path: always the same one, which asks for its token once. */
export type ClientOf = (repository: string) => RepositoryClient;

/** Gives one client per repository, however often it is asked for. */
export function repositoryClients(credentials?: Credentials): ClientOf {
  const clients = new Map<string, RepositoryClient>();
  return (repository) => {
    const client = clients.get(repository) ?? new RepositoryClient(repository, credentials);
    clients.set(repository, client);
    return client;
  };
}

/**
 * Logs in to a registry, host[:port]. Throws a RefusedError with what it answers where it takes no such login, and an
 * Error where it cannot be reached.
 */
export async function logIn(registry: string, credentials: Credentials, pause?: Pause): Promise<void> {
  await succeed(await new Session(credentials, pause).request(`${registryUrl(registry)}/v2/`));
}

interface RequestOptions {
  readonly method?: "GET" | "HEAD";
  /** For the whole answer, in milliseconds. */
  readonly patience?: number;
}

/** Requests to one registry with one scope: what a challenge was answered with is kept until it is refused. */
class Session {
  private authorization: string | undefined;

  constructor(
    private readonly credentials: Credentials | undefined,
    private readonly pause?: Pause,
  ) {}

  /** Sends a request, and once more with a new authorization where the registry asks for one. */
  async request(url: string, options: RequestOptions = {}): Promise<Response> {
    const response = await this.send(url, options);
    if (response.status !== 401) return response;
    this.authorization = await this.authorize(response.headers.get("www-authenticate") ?? "");
    return this.authorization === undefined ? response : this.send(url, options);
  }

  private send(url: string, { method = "GET", patience = 60_000 }: RequestOptions): Promise<Response> {
    const accept = [...types.index, ...types.manifest].join(", ");
    const headers = { accept, ...authorizationHeader(this.authorization) };
    return fetchPatiently(url, { method, headers, patience }, this.pause);
  }

  /** Answers a registry's challenge: https://distribution.github.io/distribution/spec/auth/token/ or basic. */
  private async authorize(challenge: string): Promise<string | undefined> {
    const basic = this.credentials === undefined ? undefined : basicAuthorization(this.credentials);
    if (/^basic /i.test(challenge)) return basic;
    const pairs = [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value] as const);
    const { realm, ...query } = Object.fromEntries(pairs) as Partial<Record<string, string>>;
    if (!/^bearer /i.test(challenge) || realm === undefined) return undefined;
    const url = new URL(realm);
    for (const key of ["service", "scope"]) url.searchParams.set(key, query[key] ?? "");
    const request = { method: "GET", headers: authorizationHeader(basic), patience: 60_000 } as const;
    const response = await succeed(await fetchPatiently(url.href, request, this.pause));
    const { token, access_token } = (await response.json()) as { token?: string; access_token?: string };
    return `Bearer ${token ?? access_token ?? ""}`;
  }
}

function authorizationHeader(authorization: string | undefined): Record<string, string> {
  return authorization === undefined ? {} : { authorization };
}

/** The URL of a registry. Registries on localhost speak plain HTTP, as BuildKit assumes too. */
export function registryUrl(registry: string): string {
  return /^(localhost|127\.)/.test(registry) ? `http://${registry}` : `https://${registry}`;
}

/** The header by which credentials are given: https://datatracker.ietf.org/doc/html/rfc7617 */
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

async function succeed(response: Response): Promise<Response> {
  if (response.ok) return response;
  const text = (await response.text()).slice(0, 200);
  throw new RefusedError(`${response.url} answers ${response.status} ${text}`.trimEnd(), response.status);
}
