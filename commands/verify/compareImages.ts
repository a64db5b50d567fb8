import { type ImageSource, type PlatformImage, readImages } from "../../lib/oci/image";
import { compareConfigs } from "./compareConfigs";
import { type Side, compareLayers } from "./compareLayers";
import { likelyCauses } from "./likelyCauses";

/** An image in a repository: of one platform, or an index of several. */
export interface ImageReference {
  readonly source: ImageSource;
  /** sha256:… of the manifest or the index. */
  readonly digest: string;
}

/** The result for one platform, or for the index as such. */
export interface Comparison {
  /** os/architecture, or `index` if all images are identical and only the index differs. */
  readonly platform: string;
  readonly result: "identical" | "different";
  /** The digest that the registry serves; empty if it serves none. */
  readonly digest: string;
  /** The differences, a line each, as `served → rebuilt`. */
  readonly details: readonly string[];
  /** Their likely causes, likeliest first. */
  readonly causes: readonly string[];
}

/** Compares a served image with a rebuilt one, platform by platform: digests first, then configs and layers. */
export async function compareImages(
  served: ImageReference,
  rebuilt: ImageReference,
  platforms: readonly string[],
): Promise<Comparison[]> {
  const all = await readImages(served.source, served.digest);
  const images = all.filter(({ platform }) => platforms.includes(platform));
  if (served.digest === rebuilt.digest) return images.map(identical);
  const others = new Map((await readImages(rebuilt.source, rebuilt.digest)).map((image) => [image.platform, image]));
  const comparisons: Comparison[] = [];
  // Sequential: layers are held in memory.
  for (const image of images) {
    const other = others.get(image.platform);
    others.delete(image.platform);
    comparisons.push(
      other === undefined
        ? different(image.platform, image.digest, ["served → not rebuilt"])
        : await comparePlatform({ source: served.source, image }, { source: rebuilt.source, image: other }),
    );
  }
  const unserved = [...others.keys()].map((platform) => different(platform, "", ["not served → rebuilt"]));
  const compared = [...comparisons, ...unserved];
  const onlyIndexDiffers = images.length === all.length && compared.every(({ result }) => result === "identical");
  return onlyIndexDiffers ? [...compared, different("index", served.digest, [indexDetail])] : compared;
}

const indexDetail = "it has other entries beside the images, another order, or other annotations or media types";
const manifestDetail = "the manifest or the config is written differently: media types, annotations or JSON";

async function comparePlatform(served: Side, rebuilt: Side): Promise<Comparison> {
  const { platform, digest, config } = served.image;
  if (digest === rebuilt.image.digest) return identical(served.image);
  const findings = [...compareConfigs(config, rebuilt.image.config), ...(await compareLayers(served, rebuilt))];
  const details = findings.flatMap(({ lines }) => lines);
  return different(platform, digest, details.length > 0 ? details : [manifestDetail], likelyCauses(findings));
}

function identical({ platform, digest }: PlatformImage): Comparison {
  return { platform, result: "identical", digest, details: [], causes: [] };
}

function different(
  platform: string,
  digest: string,
  details: readonly string[],
  causes: readonly string[] = [],
): Comparison {
  return { platform, result: "different", digest, details, causes };
}
