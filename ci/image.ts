// Manifests and configs as https://github.com/opencontainers/image-spec has them.
import type { Manifest, RepositoryClient } from "../images/registryClient";

/** What manifests and blobs are read from. */
export type ImageSource = Pick<RepositoryClient, "manifest" | "blob">;

/** The config of an image. Which other keys it has depends on what built it: all are compared. */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
  readonly history?: readonly HistoryStep[];
  readonly config?: ContainerConfig;
}

/** A step of an image's history. */
export interface HistoryStep {
  readonly created?: string;
  readonly created_by?: string;
  readonly empty_layer?: boolean;
}

interface ContainerConfig {
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Env?: readonly string[] | null;
}

/** One platform's image. */
export interface PlatformImage {
  /** os/architecture */
  readonly platform: string;
  /** The digest of its manifest. */
  readonly digest: string;
  readonly config: ImageConfig;
  /** The digests of its layers, the lowest first. */
  readonly layers: readonly string[];
}

const remedy = "Release it again.";

/** What an index calls what is no image, such as an attestation. */
const noPlatform = "unknown/unknown";

/**
 * Reads the image of each platform behind a digest. What an index has beside images, such as attestations, names the
 * platform unknown/unknown and is left out. Throws an Error where a manifest is not there, and where an index names a
 * platform twice or another than the image's own config: a container would run what was not looked at.
 */
export async function readImages(source: ImageSource, digest: string): Promise<PlatformImage[]> {
  const { manifests, ...manifest } = await readManifest(source, digest);
  if (manifests === undefined) return [await readImage(source, digest, manifest)];
  const images = await Promise.all(
    manifests.map(async (entry) => {
      const image = await readImage(source, entry.digest, await readManifest(source, entry.digest));
      const named = entry.platform === undefined ? image.platform : nameOf(entry.platform);
      if (named === image.platform) return image;
      throw new Error(
        `${digest} names ${image.digest} for ${named}, and its own config says ${image.platform}. ${remedy}`,
      );
    }),
  );
  const platforms = images.map(({ platform }) => platform).filter((platform) => platform !== noPlatform);
  const twice = platforms.find((platform, index) => platforms.indexOf(platform) !== index);
  if (twice !== undefined) throw new Error(`${digest} names two images for ${twice}. ${remedy}`);
  return images.filter(({ platform }) => platform !== noPlatform);
}

async function readManifest(source: ImageSource, digest: string): Promise<Manifest> {
  const manifest = await source.manifest(digest);
  if (manifest === undefined)
    throw new Error(`There is no manifest ${digest}, though a tag or an index names it. ${remedy}`);
  return manifest;
}

async function readImage(source: ImageSource, digest: string, { config, layers }: Manifest): Promise<PlatformImage> {
  const read = JSON.parse((await source.blob(config?.digest ?? "")).toString()) as ImageConfig;
  return { platform: nameOf(read), digest, config: read, layers: (layers ?? []).map((layer) => layer.digest) };
}

function nameOf({ os, architecture }: { readonly os: string; readonly architecture: string }): string {
  return `${os}/${architecture}`;
}
