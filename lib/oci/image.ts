// Images as defined by https://github.com/opencontainers/image-spec
import { Fault } from "../errors";
import { parseObject } from "../json";
import type { Manifest, RepositoryClient } from "./repositoryClient";

/** Where manifests and blobs are read from. */
export type ImageSource = Pick<RepositoryClient, "manifest" | "blob">;

/** An image's config. It may have more keys, depending on what built it; `verify` compares all of them. */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
  readonly history?: readonly { created?: string; created_by?: string; empty_layer?: boolean }[];
  readonly config?: {
    readonly Labels?: Record<string, string> | null;
    readonly Env?: readonly string[] | null;
    readonly User?: string;
    readonly WorkingDir?: string;
  };
}

/** The image of one platform, os/architecture, with the digest of its manifest and its layers, lowest first. */
export interface PlatformImage {
  readonly source: ImageSource;
  readonly platform: string;
  readonly digest: string;
  readonly config: ImageConfig;
  readonly layers: NonNullable<Manifest["layers"]>;
}

const remedy = "Re-release the tag.";

/**
 * Reads the image of each platform behind a digest.
 * @throws {Fault} if a manifest is missing, or if an index has a platform twice or an image under another platform than its
 *   config's: a container would then run an image that nobody checked
 */
export async function readImages(source: ImageSource, digest: string): Promise<PlatformImage[]> {
  const manifest = await readManifest(source, digest);
  if (manifest.manifests === undefined) return [await readImage(source, digest, manifest)];
  const entries = manifest.manifests.map(async (entry) => {
    const image = await readImage(source, entry.digest, await readManifest(source, entry.digest));
    const listed = platformOf(entry.platform ?? image.config);
    if (listed === image.platform) return image;
    const found = `${digest} lists ${image.digest} for ${listed}, but its config says ${image.platform}`;
    throw new Fault(`${found}. ${remedy}`);
  });
  // Entries that are not images, such as attestations, have this platform.
  const images = (await Promise.all(entries)).filter(({ platform }) => platform !== "unknown/unknown");
  const platforms = images.map(({ platform }) => platform);
  const twice = platforms.find((platform, index) => platforms.indexOf(platform) !== index);
  if (twice !== undefined) throw new Fault(`${digest} lists two images for ${twice}. ${remedy}`);
  return images;
}

async function readManifest(source: ImageSource, digest: string): Promise<Manifest> {
  const manifest = await source.manifest(digest);
  if (manifest !== undefined) return manifest;
  throw new Fault(`Manifest ${digest} does not exist, although a tag or an index refers to it. ${remedy}`);
}

async function readImage(source: ImageSource, digest: string, manifest: Manifest): Promise<PlatformImage> {
  const config = await readConfig(source, manifest);
  return { source, platform: platformOf(config), digest, config, layers: manifest.layers ?? [] };
}

/** Reads the config of one platform's image. @throws {Fault} if it is not one */
export async function readConfig(source: Pick<ImageSource, "blob">, { config }: Manifest): Promise<ImageConfig> {
  const digest = config?.digest ?? "";
  const text = String(await source.blob(digest));
  return parseObject(text, `${digest} is not the config of an image (re-release the tag)`) as ImageConfig;
}

function platformOf({ os, architecture }: Pick<ImageConfig, "os" | "architecture">): string {
  return `${os}/${architecture}`;
}
