import { appendFileSync } from "node:fs";

import { readVariable } from "../lib/environmentVariables";
import { log } from "../lib/log";
import { inFolder } from "./folder";

/**
 * Logs one line about a part of the set-up. The full reason for a substitute or a fallback, which may be long, is appended
 * to .local/setup.log with the time, or also logged if VERBOSE is set.
 */
export function logPart(part: string, text: string, reason?: string, file = inFolder("setup.log")): void {
  log(part, text);
  if (reason === undefined) return;
  if (readVariable("VERBOSE") !== undefined) log("", reason);
  appendFileSync(file, `${new Date().toISOString()} ${part}: ${text}: ${reason}\n`);
}
