// The list of a folder of layers. Who exchanges a layer decides what is published. So a release accepts only the list that the
// job which wrote the layers has returned as its output.
import { createHash, hash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import type { Platform } from "../../images/platform";
import { Fault } from "../../lib/errors";
import { readJson } from "../../lib/json";

/** What layers were built from. */
export interface Origin {
  readonly commit: string;
  readonly pulumiVersion: string;
}

/** Everything in a folder of layers, as `layers.json` in it contains it. */
export interface LayerList extends Origin {
  readonly platform: Platform;
  /** Sorted by path. */
  readonly files: readonly ListedFile[];
}

interface ListedFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

const listName = "layers.json";

/** Writes the list of a folder into it. @returns the SHA-256 of the list, to which a release is bound */
export async function writeList(folder: string, origin: Omit<LayerList, "files">): Promise<string> {
  const text = `${JSON.stringify({ ...origin, files: await listFiles(folder) }, null, 2)}\n`;
  writeFileSync(join(folder, listName), text);
  return hash("sha256", text);
}

/**
 * Checks that a folder has the layers that another job of this run wrote for this release, and nothing else.
 * @param expected the SHA-256 of their list, the output of that job; undefined if no job wrote any
 * @returns the list; undefined if no job wrote any, and there are none
 * @throws {Fault} if they are missing, incomplete, of another commit or version, or if anything was exchanged
 */
export async function requireList(
  folder: string,
  expected: string | undefined,
  wanted: Origin,
): Promise<LayerList | undefined> {
  const problem = await findProblem(folder, expected, wanted);
  if (problem === undefined) return expected === undefined ? undefined : readJson<LayerList>(join(folder, listName));
  const remedy =
    expected === undefined
      ? `Remove the folder, or set LAYERS to the output of the job that wrote it.`
      : `Run the job that wrote them again, which is arm64 on GitHub: the release then follows.`;
  throw new Fault(`${problem} Nothing was published. ${remedy}`);
}

async function findProblem(folder: string, expected: string | undefined, wanted: Origin): Promise<string | undefined> {
  const files = await listFiles(folder);
  const list = readJson<LayerList>(join(folder, listName));
  if (expected === undefined) {
    return list === undefined && files.length === 0
      ? undefined
      : `${folder} contains layers, but no job of this run wrote any.`;
  }
  if (files.length === 0) return `The layers of the other platform are missing: ${folder} is empty.`;
  if (list === undefined) return `The layers in ${folder} are incomplete: ${listName} is missing or truncated.`;
  for (const key of ["commit", "pulumiVersion"] as const) {
    if (list[key] === wanted[key]) continue;
    const what = key === "commit" ? "commit" : "Pulumi";
    return `The layers in ${folder} are of ${what} ${list[key]}, and this release is of ${what} ${wanted[key]}.`;
  }
  const found = new Map(files.map((file) => [file.path, file]));
  const missing = list.files.filter(({ path, size }) => (found.get(path)?.size ?? 0) < size).map(({ path }) => path);
  if (missing.length > 0) {
    const example = `${missing[0]}${missing.length > 1 ? ` and ${missing.length - 1} more` : ""}`;
    return `The layers in ${folder} are incomplete: ${example} is missing or truncated.`;
  }
  const digest = hash("sha256", readFileSync(join(folder, listName)));
  const isSame = JSON.stringify(list.files) === JSON.stringify(files);
  if (isSame && digest === expected) return undefined;
  return `The layers in ${folder} were exchanged: they are not those whose list has the SHA-256 ${expected}.`;
}

async function listFiles(folder: string): Promise<ListedFile[]> {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const paths = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const files: ListedFile[] = [];
  // Sequential: each may have hundreds of megabytes.
  for (const path of paths.filter((name) => name !== listName).sort()) {
    const file = join(folder, path);
    files.push({ path, size: statSync(file).size, sha256: await hashFile(file) });
  }
  return files;
}

async function hashFile(file: string): Promise<string> {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(file)) sum.update(chunk as Buffer);
  return sum.digest("hex");
}
