import { existsSync, readFileSync } from "node:fs";

import { Fault } from "./errors";
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

/**
 * Parses a JSON object that a server has sent.
 * @param what the start of the error's sentence, which ends with the start of the text
 * @throws {Fault} if it is none, such as a proxy's page or one that is cut off
 */
export function parseObject(text: string, what: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Reported below.
  }
  throw new Fault(`${what}: ${JSON.stringify(text.slice(0, 80))}`);
}

/** Writes a JSON file, completely or not at all. */
export function writeJson(file: string, value: unknown): void {
  writeWhole(file, JSON.stringify(value, null, 2));
}
