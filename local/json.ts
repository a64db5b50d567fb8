import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/**
 * What a JSON file holds, or undefined where it is absent or no JSON. A file that a kill or a full disk has left half
 * written is no reason to stop: what it said is found out again.
 */
export function readJson<T>(file: string): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes a JSON file as a whole or not at all: under another name first, which no other process writes to. */
export function writeJson(file: string, value: unknown): void {
  const unfinished = `${file}.${process.pid}.unfinished`;
  writeFileSync(unfinished, JSON.stringify(value, null, 2));
  renameSync(unfinished, file);
}
