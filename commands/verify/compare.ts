import { type ImageConfig, type ImageSource, type PlatformImage, readImages } from "../../lib/oci/image";
import { type Finding, causeOfConfig, causeOfFiles, likelyCauses } from "./causes";
import { type FileDifference, type LayerFile, downloadLayer } from "./layer";

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
  /** The digest that the registry serves; empty if it serves none. */
  readonly digest: string;
  /** The differences as `served → rebuilt`, then their likely causes, a line each; none if both are identical. */
  readonly differences: readonly string[];
}

type Image = PlatformImage & Pick<ImageReference, "source">;

/** Compares a served image with a rebuilt one, platform by platform: digests first, then configs and layers. */
export async function compareImages(
  served: ImageReference,
  rebuilt: ImageReference,
  platforms: readonly string[],
): Promise<Comparison[]> {
  const [all, others] = [await read(served), await read(rebuilt)];
  const images = all.filter(({ platform }) => platforms.includes(platform));
  const comparisons: Comparison[] = [];
  // Sequential: layers are held in memory.
  for (const platform of new Set([...images, ...others].map((image) => image.platform))) {
    const [ours, theirs] = [images, others].map((list) => list.find((image) => image.platform === platform));
    comparisons.push({ platform, digest: ours?.digest ?? "", differences: await comparePlatform(ours, theirs) });
  }
  const areSame = images.length === all.length && comparisons.every(({ differences }) => differences.length === 0);
  if (!areSame || served.digest === rebuilt.digest) return comparisons;
  const difference = "it has other entries beside the images, another order, or other annotations or media types";
  return [...comparisons, { platform: "index", digest: served.digest, differences: [difference] }];
}

async function read({ source, digest }: ImageReference): Promise<Image[]> {
  return (await readImages(source, digest)).map((image) => ({ ...image, source }));
}

async function comparePlatform(served?: Image, rebuilt?: Image): Promise<string[]> {
  if (served === undefined) return ["not served → rebuilt"];
  if (rebuilt === undefined) return ["served → not rebuilt"];
  if (served.digest === rebuilt.digest) return [];
  const findings = [...compareConfigs(served.config, rebuilt.config), ...(await compareLayers(served, rebuilt))];
  const lines = findings.flatMap((finding) => finding.lines);
  if (lines.length === 0)
    lines.push("the manifest or the config is written differently: media types, annotations or JSON");
  return [...lines, ...likelyCauses(findings).map((cause) => `likely cause: ${cause}`)];
}

/** Compares labels, environment variables, history, every other key, and the number of layers. */
function compareConfigs(served: ImageConfig, rebuilt: ImageConfig): Finding[] {
  const [before, after] = [configValues(served), configValues(rebuilt)];
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
  const shorten = (value = "none") => (value.length > 160 ? `${value.slice(0, 160)}…` : value);
  return keys.map((key) => ({
    lines: [`${key}: ${shorten(before.get(key))} → ${shorten(after.get(key))}`],
    cause: causeOfConfig(key),
  }));
}

/** The values of a config, by a name to print. */
function configValues({ config = {}, history = [], rootfs = {}, ...others }: ImageConfig): Map<string, string> {
  const { Labels, Env, ...settings } = config;
  const values: (readonly [string, unknown])[] = [
    ...Object.entries(Labels ?? {}).map(([name, value]) => [`label ${name}`, value] as const),
    ...variablesOf(Env ?? []),
    ...Object.entries({ ...others, ...settings, layers: rootfs.diff_ids?.length ?? 0 }),
    ...history.map((step, index) => [`step ${index + 1}`, `${step.created_by} (${step.created})`] as const),
  ];
  return new Map(values.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
}

/** Keeps both values of a duplicate variable: runtimes differ on which one wins. */
function variablesOf(env: readonly string[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const entry of env) {
    const [variable = "", value = ""] = entry.split(/=(.*)/s);
    const [name, previous] = [`variable ${variable}`, variables.get(`variable ${variable}`)];
    variables.set(name, previous === undefined ? value : `${previous}, then ${value}`);
  }
  return variables;
}

/** Compares images layer by layer. Downloads only layers that differ, one pair at a time: they are held in memory. */
async function compareLayers(served: Image, rebuilt: Image): Promise<Finding[]> {
  const [ours, theirs] = [layersOf(served), layersOf(rebuilt)];
  const steps = layerSteps(served);
  const count = Math.max(ours.length, theirs.length);
  const findings: Finding[] = [];
  for (let index = 0; index < count; index++) {
    const [before, after] = [ours[index], theirs[index]];
    // The same blob with another diff id in the config: one of the two configs is wrong.
    if (before?.digest === after?.digest && before?.claim === after?.claim) continue;
    const name = `layer ${index + 1} of ${count}${steps[index] === undefined ? "" : ` (${steps[index]})`}`;
    if (before === undefined) findings.push({ lines: [`${name}: not served → rebuilt`] });
    else if (after === undefined) findings.push({ lines: [`${name}: served → not rebuilt`] });
    else findings.push(await compareLayer(name, index + 1, before, after));
  }
  return findings;
}

/** A layer of an image. Its claim is its diff id according to the image's config. */
type ImageLayer = Pick<Image, "source" | "digest"> & { readonly claim: string | undefined };

function layersOf({ source, layers, config: { rootfs } }: Image): ImageLayer[] {
  return layers.map((digest, index) => ({ source, digest, claim: rootfs?.diff_ids?.[index] }));
}

/** The build step of each layer, lowest first; none if the history does not match the layers. */
function layerSteps({ config: { history = [] }, layers }: PlatformImage): string[] {
  const steps = history.filter((step) => step.empty_layer !== true);
  if (steps.length !== layers.length) return [];
  const shorten = (text = "") => text.replace(/ # buildkit$/, "").replace(/\s+/g, " ");
  return steps.map(({ created_by }) => shorten(created_by).slice(0, 60));
}

async function compareLayer(name: string, layer: number, ours: ImageLayer, theirs: ImageLayer): Promise<Finding> {
  const served = await downloadLayer(ours.source, ours.digest);
  const rebuilt = await downloadLayer(theirs.source, theirs.digest);
  const claims = [[ours.claim, served.diffId] as const, [theirs.claim, rebuilt.diffId] as const];
  const lies = claims.filter(([claim, diffId]) => claim !== diffId);
  if (lies.length > 0) return { lines: lies.map(([says, is]) => `${name}: the config says ${says}, but it is ${is}`) };
  const paths = [...new Set([...served.files.keys(), ...rebuilt.files.keys()])].sort();
  const files = paths.flatMap((path) => compareFile(path, served.files.get(path), rebuilt.files.get(path)) ?? []);
  return { layer, lines: describeLayer(name, files), cause: causeOfFiles(files) };
}

/** Describes the first ten files, a line each, and counts the rest. */
function describeLayer(name: string, files: readonly FileDifference[]): string[] {
  if (files.length === 0) return [`${name}: the same files, in another order, tar format or compression`];
  const listed = files.slice(0, 10).map(({ path, description }) => `  ${path}: ${description}`);
  const more = files.length > 10 ? [`  … and ${files.length - 10} more`] : [];
  return [`${name}: ${files.length} ${files.length === 1 ? "file differs" : "files differ"}`, ...listed, ...more];
}

function compareFile(path: string, served?: LayerFile, rebuilt?: LayerFile): FileDifference | undefined {
  if (served === undefined || rebuilt === undefined) {
    const side = served === undefined ? "only in the rebuild" : "only in the registry";
    return { path, aspects: [], description: `${side}${describeWhiteout(path)}` };
  }
  const aspects = (Object.keys(served) as (keyof LayerFile)[]).filter((aspect) => served[aspect] !== rebuilt[aspect]);
  if (aspects.length === 0) return undefined;
  const shorten = (value: string) => value.replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, "$1…") || "none";
  const changes = aspects.map((aspect) => `${aspect} ${shorten(served[aspect])} → ${shorten(rebuilt[aspect])}`);
  return { path, aspects, description: changes.join("; ") };
}

/** https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts */
function describeWhiteout(path: string): string {
  const [, folder = "", name] = /^(.*\/)?\.wh\.(.+)$/.exec(path) ?? [];
  if (name === undefined) return "";
  return name === ".wh..opq"
    ? ` (hides what lower layers have in ${folder})`
    : ` (removes ${folder}${name} of a lower layer)`;
}
