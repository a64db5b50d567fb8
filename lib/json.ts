import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** Reads a JSON file that can be recomputed; undefined if it is absent or truncated, as a kill or a full disk leaves it. */
export function readJson<T>(file: string): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes a JSON file completely or not at all: first under a name that no other process uses. */
export function writeJson(file: string, value: unknown): void {
  const unfinished = `${file}.${process.pid}.unfinished`;
  writeFileSync(unfinished, JSON.stringify(value, null, 2));
  renameSync(unfinished, file);
}
