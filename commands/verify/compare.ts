import {
  type HistoryStep,
  type ImageConfig,
  type ImageSource,
  type PlatformImage,
  readImages,
} from "../../lib/oci/image";
import { type Finding, likelyCauses } from "./causes";
import { type FileDifference, describeFiles, differingFiles } from "./files";
import { type Layer, readLayerOf } from "./layer";

/** An image in a repository: of one platform, or an index of several. */
export interface ImageReference {
  readonly source: ImageSource;
  /** sha256:… of the manifest or the index. */
  readonly digest: string;
}

/** How a platform's image compares: "identical content" has other bytes only outside what a container sees. */
export type Result = "identical" | "identical content" | "different";

/** What was found out about one platform. */
export interface Comparison {
  readonly platform: string;
  readonly result: Result;
  /** The digest that the registry serves for the platform, empty where it serves none. */
  readonly digest: string;
  /** What differs, a line each, as `served → rebuilt`. */
  readonly details: readonly string[];
  /** What may have made the difference, the likeliest first. */
  readonly causes: readonly string[];
}

/**
 * Compares what a registry serves for some platforms with what was rebuilt for them: digests first, then configs and
 * layers.
 */
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
  // One after the other: a layer's blob is in memory while it is read.
  for (const image of images) {
    const other = others.get(image.platform);
    others.delete(image.platform);
    comparisons.push(
      other === undefined
        ? onlyOne(image.platform, image.digest, "served → not rebuilt")
        : await compareImage({ source: served.source, image }, { source: rebuilt.source, image: other }),
    );
  }
  const compared = [
    ...comparisons,
    ...[...others.keys()].map((platform) => onlyOne(platform, "", "not served → rebuilt")),
  ];
  const isIndexAlone = images.length === all.length && compared.every(({ result }) => result === "identical");
  return isIndexAlone ? [...compared, anotherIndex(served.digest)] : compared;
}

interface Side {
  readonly source: ImageSource;
  readonly image: PlatformImage;
}

async function compareImage(served: Side, rebuilt: Side): Promise<Comparison> {
  const { platform, digest } = served.image;
  if (digest === rebuilt.image.digest) return identical(served.image);
  const findings = [
    ...compareConfigs(served.image.config, rebuilt.image.config),
    ...(await compareLayers(served, rebuilt)),
  ];
  const others = findings.filter(({ kind }) => kind !== "bytes");
  const details = findings.flatMap(({ lines }) => lines);
  if (others.length > 0) return { platform, result: "different", digest, details, causes: likelyCauses(others) };
  // Not even a layer has other bytes: what is left are media types, annotations and the spelling of JSON.
  const rest = ["the manifest or the config is written in another form: media types, annotations"];
  return { platform, result: "identical content", digest, details: details.length > 0 ? details : rest, causes: [] };
}

function identical({ platform, digest }: PlatformImage): Comparison {
  return { platform, result: "identical", digest, details: [], causes: [] };
}

/** The same images behind another digest. What an index may say wrongly of them is refused when it is read. */
function anotherIndex(digest: string): Comparison {
  const detail = "it has other entries beside the images, another order, or other annotations or media types";
  return { platform: "index", result: "identical content", digest, details: [detail], causes: [] };
}

function onlyOne(platform: string, digest: string, detail: string): Comparison {
  return { platform, result: "different", digest, details: [detail], causes: [] };
}

function compareConfigs(served: ImageConfig, rebuilt: ImageConfig): Finding[] {
  const [before, after] = [configValues(served), configValues(rebuilt)];
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
  return keys.map((key) => {
    const line = `${key}: ${shorten(before.get(key))} → ${shorten(after.get(key))}`;
    return { kind: "config", key, lines: [line] };
  });
}

/** Everything that a config says, of layers only how many there are, by a name for people. */
function configValues({ config = {}, history = [], rootfs = {}, ...others }: ImageConfig): Map<string, string> {
  const { Labels, Env, ...settings } = config;
  const variables = new Map<string, string>();
  // One that stands there twice has both values: which of them counts is the runtime's business.
  for (const entry of Env ?? []) {
    const [name = "", value = ""] = entry.split(/=(.*)/s);
    variables.set(name, variables.has(name) ? `${variables.get(name)}, then ${value}` : value);
  }
  const named = (what: string, entries: Iterable<readonly [string, unknown]>) =>
    [...entries].map(
      ([name, value]) => [`${what}${name}`, typeof value === "string" ? value : JSON.stringify(value)] as const,
    );
  return new Map([
    ...named("label ", Object.entries(Labels ?? {})),
    ...named("variable ", variables),
    ...named("", Object.entries({ ...others, ...settings, layers: rootfs.diff_ids?.length ?? 0 })),
    ...named(
      "step ",
      history.map((step, index) => [`${index + 1}`, `${step.created_by} (${step.created})`]),
    ),
  ]);
}

const longestValue = 160;

function shorten(value: string | undefined): string {
  if (value === undefined) return "none";
  return value.length > longestValue ? `${value.slice(0, longestValue)}…` : value;
}

async function compareLayers(served: Side, rebuilt: Side): Promise<Finding[]> {
  const [before, after] = [served.image.layers, rebuilt.image.layers];
  const steps = layerSteps(served.image.config.history ?? []);
  const findings: Finding[] = [];
  for (let index = 0; index < Math.max(before.length, after.length); index++) {
    const [ours, theirs] = [before[index], after[index]];
    // The same blob under another diff id is a claim that is false in one of the two.
    if (ours === theirs && claimOf(served, index) === claimOf(rebuilt, index)) continue;
    const step = steps.length === before.length ? (steps[index] ?? "") : "";
    const name = `layer ${index + 1} of ${Math.max(before.length, after.length)}${step === "" ? "" : ` (${step})`}`;
    findings.push(
      ours === undefined || theirs === undefined
        ? {
            kind: "layers",
            lines: [`${name}: ${ours === undefined ? "not served → rebuilt" : "served → not rebuilt"}`],
          }
        : compareLayer(
            { name, layer: index + 1 },
            await layerAt(served, index, ours),
            await layerAt(rebuilt, index, theirs),
          ),
    );
  }
  return findings;
}

/** A layer, and what its config claims it to be where that is not so. */
interface CheckedLayer extends Layer {
  readonly falseClaim: string | undefined;
}

async function layerAt({ source, image }: Side, index: number, digest: string): Promise<CheckedLayer> {
  const layer = await readLayerOf(source, digest);
  const claim = claimOf({ source, image }, index);
  return { ...layer, falseClaim: claim === layer.diffId ? undefined : `${claim}, and it is ${layer.diffId}` };
}

function claimOf({ image }: Side, index: number): string | undefined {
  return image.config.rootfs?.diff_ids?.[index];
}

function compareLayer(
  { name, layer }: { readonly name: string; readonly layer: number },
  served: CheckedLayer,
  rebuilt: CheckedLayer,
): Finding {
  const claims = [served, rebuilt].flatMap(({ falseClaim }) => falseClaim ?? []);
  if (claims.length > 0) return { kind: "layers", lines: claims.map((claim) => `${name}: its config says ${claim}`) };
  if (served.diffId === rebuilt.diffId) {
    const how = `${served.compression} → ${rebuilt.compression}`;
    const same = served.compression === rebuilt.compression ? ", by another compressor" : "";
    return { kind: "bytes", lines: [`${name}: identical content, other compression (${how}${same})`] };
  }
  const files = differingFiles(served.files, rebuilt.files);
  return { kind: "files", layer, files, lines: describeLayer(name, files) };
}

function describeLayer(name: string, files: readonly FileDifference[]): string[] {
  if (files.length === 0) return [`${name}: the same files, in another order or another form of tar`];
  return [`${name}: ${files.length} ${files.length === 1 ? "file differs" : "files differ"}`, ...describeFiles(files)];
}

/** What made each layer, the lowest first. */
function layerSteps(history: readonly HistoryStep[]): string[] {
  const steps = history.filter((step) => step.empty_layer !== true);
  return steps.map(({ created_by = "" }) =>
    created_by
      .replace(/ # buildkit$/, "")
      .replace(/\s+/g, " ")
      .slice(0, 60),
  );
}
