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
  readonly configDigest: string;
  readonly config: ImageConfig;
  /** The digests of its layers, the lowest first. */
  readonly layers: readonly string[];
}

/**
 * Reads the image of each platform behind a digest. What an index has beside images, such as attestations, names the
 * platform unknown/unknown and is left out. Throws an Error where a manifest is not there.
 */
export async function readImages(source: ImageSource, digest: string): Promise<PlatformImage[]> {
  const manifest = await source.manifest(digest);
  if (manifest === undefined) throw new Error(`There is no manifest ${digest}, though a tag or an index names it.`);
  if (manifest.manifests === undefined) return [await readImage(source, digest, manifest)];
  const images = await Promise.all(manifest.manifests.map((child) => readImages(source, child.digest)));
  return images.flat().filter(({ platform }) => platform !== "unknown/unknown");
}

async function readImage(source: ImageSource, digest: string, manifest: Manifest): Promise<PlatformImage> {
  const configDigest = manifest.config?.digest ?? "";
  const config = JSON.parse((await source.blob(configDigest)).toString()) as ImageConfig;
  const platform = `${config.os}/${config.architecture}`;
  return { platform, digest, configDigest, config, layers: (manifest.layers ?? []).map((layer) => layer.digest) };
}
