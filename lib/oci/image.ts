// Images as defined by https://github.com/opencontainers/image-spec
import { Fault } from "../errors";
import type { Manifest, RepositoryClient } from "./repositoryClient";

/** Where manifests and blobs are read from. */
export type ImageSource = Pick<RepositoryClient, "manifest" | "blob">;

/** An image's config. It may have more keys, depending on what built it; `verify` compares all of them. */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
  readonly history?: readonly HistoryStep[];
  readonly config?: ContainerConfig;
}

/** One entry of an image's history. */
export interface HistoryStep {
  readonly created?: string;
  readonly created_by?: string;
  readonly empty_layer?: boolean;
}

interface ContainerConfig {
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Env?: readonly string[] | null;
}

/** The image of one platform. */
export interface PlatformImage {
  /** os/architecture */
  readonly platform: string;
  /** Digest of its manifest. */
  readonly digest: string;
  readonly config: ImageConfig;
  /** Digests of its layers, lowest first. */
  readonly layers: readonly string[];
}

const remedy = "Re-release the tag.";

/** Platform of index entries that are not images, such as attestations. */
const noPlatform = "unknown/unknown";

/**
 * Reads the image of each platform behind a digest. Index entries that are not images are skipped.
 * @throws {Fault} if a manifest is missing, if an index has a platform twice, or if it lists an image under another
 *   platform than the image's config: a container would then run an image that nobody checked
 */
export async function readImages(source: ImageSource, digest: string): Promise<PlatformImage[]> {
  const { manifests, ...manifest } = await readManifest(source, digest);
  if (manifests === undefined) return [await readImage(source, digest, manifest)];
  const images = await Promise.all(
    manifests.map(async (entry) => {
      const image = await readImage(source, entry.digest, await readManifest(source, entry.digest));
      const named = entry.platform === undefined ? image.platform : nameOf(entry.platform);
      if (named === image.platform) return image;
      throw new Fault(`${digest} lists ${image.digest} for ${named}, but its config says ${image.platform}. ${remedy}`);
    }),
  );
  const platforms = images.map(({ platform }) => platform).filter((platform) => platform !== noPlatform);
  const twice = platforms.find((platform, index) => platforms.indexOf(platform) !== index);
  if (twice !== undefined) throw new Fault(`${digest} lists two images for ${twice}. ${remedy}`);
  return images.filter(({ platform }) => platform !== noPlatform);
}

async function readManifest(source: ImageSource, digest: string): Promise<Manifest> {
  const manifest = await source.manifest(digest);
  if (manifest !== undefined) return manifest;
  throw new Fault(`Manifest ${digest} does not exist, although a tag or an index refers to it. ${remedy}`);
}

async function readImage(source: ImageSource, digest: string, { config, layers }: Manifest): Promise<PlatformImage> {
  const read = JSON.parse((await source.blob(config?.digest ?? "")).toString()) as ImageConfig;
  return { platform: nameOf(read), digest, config: read, layers: (layers ?? []).map((layer) => layer.digest) };
}

function nameOf({ os, architecture }: { readonly os: string; readonly architecture: string }): string {
  return `${os}/${architecture}`;
}
