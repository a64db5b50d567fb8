/** The types of manifests and indexes, https://github.com/opencontainers/image-spec/blob/main/media-types.md */
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** A manifest or an index, as far as it is read here. */
export interface Manifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** Gets the digest that a tag of a repository serves, or undefined where there is no such tag. */
export async function digestOf(repository: string, tag: string): Promise<string | undefined> {
  const response = await request(repository, `manifests/${tag}`, "HEAD");
  if (response.status === 404) return undefined;
  return response.headers.get("docker-content-digest") ?? undefined;
}

/** Gets a manifest or an index by tag or digest. Throws an Error when it is not there. */
export async function manifestOf(repository: string, reference: string): Promise<Manifest> {
  return (await succeed(await request(repository, `manifests/${reference}`))).json() as Promise<Manifest>;
}

/** Gets a blob by digest. Throws an Error when it is not there. */
export async function blobOf(repository: string, digest: string): Promise<Buffer> {
  return Buffer.from(await (await succeed(await request(repository, `blobs/${digest}`))).arrayBuffer());
}

/** The compressed size of an image's layers in bytes, over all its platforms. */
export async function compressedSize(repository: string, reference: string): Promise<number> {
  const { layers = [], manifests = [] } = await manifestOf(repository, reference);
  const ofManifests = await Promise.all(manifests.map(({ digest }) => compressedSize(repository, digest)));
  return [...layers.map(({ size }) => size), ...ofManifests].reduce((sum, size) => sum + size, 0);
}

/** Registries on localhost speak plain HTTP, as BuildKit assumes too. */
export function registryUrl(address: string): string {
  return /^(localhost|127\.)/.test(address) ? `http://${address}` : `https://${address}`;
}

function request(repository: string, path: string, method = "GET"): Promise<Response> {
  const [, registry = "", name = ""] = /^([^/]+)\/(.*)$/.exec(repository) ?? [];
  return fetch(`${registryUrl(registry)}/v2/${name}/${path}`, { method, headers: { accept: manifestTypes } });
}

async function succeed(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${response.url} answers ${response.status}: ${await response.text()}`);
  return response;
}
