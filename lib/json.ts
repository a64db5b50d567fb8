import { existsSync, readFileSync } from "node:fs";

import { writeWhole } from "./writeWhole";

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

/** Writes a JSON file, completely or not at all. */
export function writeJson(file: string, value: unknown): void {
  writeWhole(file, JSON.stringify(value, null, 2));
}
