import { type ImageConfig, type ImageSource, type PlatformImage, readImages } from "../../lib/oci/image";
import { type Finding, causeOfConfig, causeOfFiles, likelyCauses } from "./causes";
import { type FileDifference, type LayerFile, downloadLayer } from "./layer";

/** An image in a repository, by the digest of its manifest or, if it has several platforms, of its index. */
export type ImageReference = Readonly<{ source: ImageSource; digest: string }>;

/** The result for one platform, os/architecture, or for the `index` if all images are identical and only that differs. */
export interface Comparison {
  readonly platform: string;
  /** The digest that the registry serves; empty if it serves none. */
  readonly digest: string;
  /** The differences as `served → rebuilt`, then their likely causes, a line each; none if both are identical. */
  readonly differences: readonly string[];
}

/** Compares a served image with a rebuilt one, platform by platform: digests first, then configs and layers. */
export async function compareImages(served: ImageReference, rebuilt: ImageReference, platforms: readonly string[]) {
  const [all, others] = [
    await readImages(served.source, served.digest),
    await readImages(rebuilt.source, rebuilt.digest),
  ];
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

async function comparePlatform(served?: PlatformImage, rebuilt?: PlatformImage): Promise<string[]> {
  if (served === undefined || rebuilt === undefined) return [presence(served)];
  if (served.digest === rebuilt.digest) return [];
  const findings = [...compareConfigs(served.config, rebuilt.config), ...(await compareLayers(served, rebuilt))];
  if (findings.length === 0)
    return ["the manifest or the config is written differently: media types, annotations or JSON"];
  const causes = likelyCauses(findings).map((cause) => `likely cause: ${cause}`);
  return [...findings.flatMap(({ lines }) => lines), ...causes];
}

/** Describes an image or a layer that only one side has. */
const presence = (served: unknown) => (served === undefined ? "not served → rebuilt" : "served → not rebuilt");

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
  const variables = (Env ?? []).map((entry) => entry.split(/=(.*)/s));
  const values: (readonly [string, unknown])[] = [
    ...Object.entries(Labels ?? {}).map(([name, value]) => [`label ${name}`, value] as const),
    // All values of a duplicate variable: runtimes differ on which one wins.
    ...[...Map.groupBy(variables, ([name]) => name)].map(
      ([name, all]) => [`variable ${name}`, all.map(([, value = ""]) => value).join(", then ")] as const,
    ),
    ...Object.entries({ ...others, ...settings, layers: rootfs.diff_ids?.length ?? 0 }),
    ...history.map((step, index) => [`step ${index + 1}`, `${step.created_by} (${step.created})`] as const),
  ];
  return new Map(values.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
}

/** Compares images layer by layer. Downloads only layers that differ, one pair at a time: they are held in memory. */
async function compareLayers(served: PlatformImage, rebuilt: PlatformImage): Promise<Finding[]> {
  const steps = layerSteps(served);
  const count = Math.max(served.layers.length, rebuilt.layers.length);
  const findings: Finding[] = [];
  for (let index = 0; index < count; index++) {
    const [before, after] = [served.layers[index], rebuilt.layers[index]];
    // The same blob with another diff id in the config: one of the two configs is wrong.
    if (before?.digest === after?.digest && diffIdOf(served, index) === diffIdOf(rebuilt, index)) continue;
    const name = `layer ${index + 1} of ${count}${steps[index] === undefined ? "" : ` (${steps[index]})`}`;
    if (before && after) findings.push(await compareLayer(name, index, served, rebuilt));
    else findings.push({ lines: [`${name}: ${presence(before)}`] });
  }
  return findings;
}

/** The build step of each layer, lowest first; none if the history does not match the layers. */
function layerSteps({ config: { history = [] }, layers }: PlatformImage): string[] {
  const steps = history.filter((step) => step.empty_layer !== true);
  if (steps.length !== layers.length) return [];
  const shorten = (text = "") => text.replace(/ # buildkit$/, "").replace(/\s+/g, " ");
  return steps.map(({ created_by }) => shorten(created_by).slice(0, 60));
}

async function compareLayer(name: string, index: number, served: PlatformImage, rebuilt: PlatformImage) {
  const [ours, theirs] = [await download(served, index), await download(rebuilt, index)];
  const lies = [ours, theirs].filter(({ claim, diffId }) => claim !== diffId);
  if (lies.length > 0) {
    return { lines: lies.map(({ claim, diffId }) => `${name}: the config says ${claim}, but it is ${diffId}`) };
  }
  const paths = [...new Set([...ours.files.keys(), ...theirs.files.keys()])].sort();
  const files = paths.flatMap((path) => compareFile(path, ours.files.get(path), theirs.files.get(path)) ?? []);
  return { layer: index + 1, lines: describeLayer(name, files), cause: causeOfFiles(files) };
}

/** Reads a layer, with the diff id that the image's config claims. */
async function download(image: PlatformImage, index: number) {
  return { claim: diffIdOf(image, index), ...(await downloadLayer(image.source, image.layers[index]!.digest)) };
}

const diffIdOf = ({ config }: PlatformImage, layer: number) => config.rootfs?.diff_ids?.[layer];

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
