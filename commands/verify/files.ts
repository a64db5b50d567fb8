import type { LayerFile } from "./layer";

/** A file of a layer that is not the same in two images. */
export interface FileDifference {
  readonly path: string;
  /** What of it differs. Where only one image has the file, that is all that is said. */
  readonly aspects: readonly (keyof LayerFile | "existence")[];
  readonly description: string;
}

/** The files that differ between two layers, sorted by their paths. */
export function differingFiles(
  served: ReadonlyMap<string, LayerFile>,
  rebuilt: ReadonlyMap<string, LayerFile>,
): FileDifference[] {
  const paths = [...new Set([...served.keys(), ...rebuilt.keys()])].sort();
  return paths.flatMap((path) => compareFile(path, served.get(path), rebuilt.get(path)) ?? []);
}

const namedAtMost = 10;

/** A line for each of the files, but not more than can be read: the rest is counted. */
export function describeFiles(files: readonly FileDifference[]): string[] {
  const lines = files.slice(0, namedAtMost).map(({ path, description }) => `  ${path}: ${description}`);
  return files.length > namedAtMost ? [...lines, `  … and ${files.length - namedAtMost} more`] : lines;
}

function compareFile(path: string, served?: LayerFile, rebuilt?: LayerFile): FileDifference | undefined {
  if (served === undefined || rebuilt === undefined) {
    const description = served === undefined ? "only in the rebuild" : "only in the registry";
    return { path, aspects: ["existence"], description: `${description}${whiteout(path)}` };
  }
  const aspects = (Object.keys(served) as (keyof LayerFile)[]).filter((aspect) => served[aspect] !== rebuilt[aspect]);
  if (aspects.length === 0) return undefined;
  const changes = aspects.map((aspect) => `${aspect} ${show(served[aspect])} → ${show(rebuilt[aspect])}`);
  return { path, aspects, description: changes.join("; ") };
}

function show(value: string): string {
  return value === "" ? "none" : value.replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, "$1…");
}

/** https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts */
function whiteout(path: string): string {
  const [, folder = "", name = ""] = /^(.*\/)?\.wh\.(.*)$/.exec(path) ?? [];
  if (name === "") return "";
  return name === ".wh..opq"
    ? ` (hides what lower layers have in ${folder})`
    : ` (removes ${folder}${name} of a lower layer)`;
}
