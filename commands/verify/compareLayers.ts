import type { ImageSource, PlatformImage } from "../../lib/oci/image";
import { type FileDifference, describeFiles, fileDifferences } from "./fileDifferences";
import { type Layer, downloadLayer } from "./layer";
import type { Finding } from "./likelyCauses";

/** An image of one platform, and where its layers are. */
export interface Side {
  readonly source: ImageSource;
  readonly image: PlatformImage;
}

/** Compares two images layer by layer. Downloads only layers that differ, one pair at a time: they are held in memory. */
export async function compareLayers(served: Side, rebuilt: Side): Promise<Finding[]> {
  const count = Math.max(served.image.layers.length, rebuilt.image.layers.length);
  const steps = layerSteps(served.image);
  const findings: Finding[] = [];
  for (let index = 0; index < count; index++) {
    const [ours, theirs] = [layerAt(served, index), layerAt(rebuilt, index)];
    // The same blob with another diff id in the config: one of the two configs is wrong.
    if (ours?.digest === theirs?.digest && ours?.claim === theirs?.claim) continue;
    const name = `layer ${index + 1} of ${count}${steps[index] === undefined ? "" : ` (${steps[index]})`}`;
    if (ours === undefined || theirs === undefined) {
      const sides = ours === undefined ? "not served → rebuilt" : "served → not rebuilt";
      findings.push({ kind: "layers", lines: [`${name}: ${sides}`] });
    } else findings.push(await compareLayer(name, index + 1, ours, theirs));
  }
  return findings;
}

/** A layer of an image. */
interface ImageLayer {
  readonly source: ImageSource;
  readonly digest: string;
  /** Its diff id according to the image's config. */
  readonly claim: string | undefined;
}

function layerAt({ source, image }: Side, index: number): ImageLayer | undefined {
  const digest = image.layers[index];
  return digest === undefined ? undefined : { source, digest, claim: image.config.rootfs?.diff_ids?.[index] };
}

async function compareLayer(name: string, number: number, ours: ImageLayer, theirs: ImageLayer): Promise<Finding> {
  const [served, rebuilt] = [
    await downloadLayer(ours.source, ours.digest),
    await downloadLayer(theirs.source, theirs.digest),
  ];
  const falseClaims = [...falseClaim(ours, served), ...falseClaim(theirs, rebuilt)];
  if (falseClaims.length > 0) return { kind: "layers", lines: falseClaims.map((claim) => `${name}: ${claim}`) };
  const files = fileDifferences(served.files, rebuilt.files);
  return { kind: "files", layer: number, files, lines: describeLayer(name, files) };
}

function falseClaim({ claim }: ImageLayer, { diffId }: Layer): string[] {
  return claim === diffId ? [] : [`the config says ${claim}, but it is ${diffId}`];
}

function describeLayer(name: string, files: readonly FileDifference[]): string[] {
  if (files.length === 0) return [`${name}: the same files, in another order, tar format or compression`];
  return [`${name}: ${files.length} ${files.length === 1 ? "file differs" : "files differ"}`, ...describeFiles(files)];
}

/** The build step of each layer, lowest first; none if the history does not match the layers. */
function layerSteps({ config: { history = [] }, layers }: PlatformImage): string[] {
  const steps = history.filter((step) => step.empty_layer !== true);
  if (steps.length !== layers.length) return [];
  return steps.map(({ created_by = "" }) =>
    created_by
      .replace(/ # buildkit$/, "")
      .replace(/\s+/g, " ")
      .slice(0, 60),
  );
}
