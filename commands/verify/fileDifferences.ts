import type { LayerFile } from "./layer";

/** A file that differs between two layers. */
export interface FileDifference {
  readonly path: string;
  /** What differs: `existence` alone if only one layer has the file. */
  readonly aspects: readonly (keyof LayerFile | "existence")[];
  readonly description: string;
}

/** The files that differ between two layers, sorted by path. */
export function fileDifferences(
  served: ReadonlyMap<string, LayerFile>,
  rebuilt: ReadonlyMap<string, LayerFile>,
): FileDifference[] {
  const paths = [...new Set([...served.keys(), ...rebuilt.keys()])].sort();
  return paths.flatMap((path) => compareFile(path, served.get(path), rebuilt.get(path)) ?? []);
}

const maxListedFiles = 10;

/** Describes the first ten files, a line each, and counts the rest. */
export function describeFiles(files: readonly FileDifference[]): string[] {
  const lines = files.slice(0, maxListedFiles).map(({ path, description }) => `  ${path}: ${description}`);
  return files.length > maxListedFiles ? [...lines, `  … and ${files.length - maxListedFiles} more`] : lines;
}

function compareFile(path: string, served?: LayerFile, rebuilt?: LayerFile): FileDifference | undefined {
  if (served === undefined || rebuilt === undefined) {
    const description = served === undefined ? "only in the rebuild" : "only in the registry";
    return { path, aspects: ["existence"], description: `${description}${describeWhiteout(path)}` };
  }
  const aspects = (Object.keys(served) as (keyof LayerFile)[]).filter((aspect) => served[aspect] !== rebuilt[aspect]);
  if (aspects.length === 0) return undefined;
  const changes = aspects.map((aspect) => `${aspect} ${shorten(served[aspect])} → ${shorten(rebuilt[aspect])}`);
  return { path, aspects, description: changes.join("; ") };
}

function shorten(value: string): string {
  return value === "" ? "none" : value.replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, "$1…");
}

/** https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts */
function describeWhiteout(path: string): string {
  const [, folder = "", name = ""] = /^(.*\/)?\.wh\.(.*)$/.exec(path) ?? [];
  if (name === "") return "";
  return name === ".wh..opq"
    ? ` (hides what lower layers have in ${folder})`
    : ` (removes ${folder}${name} of a lower layer)`;
}
