import { appendFileSync } from "node:fs";

import { readVariable } from "../lib/environmentVariables";
import { log } from "../lib/log";
import { inFolder } from "./folder";

/** Logs a part of the set-up. The reason for a fallback goes to .local/setup.log, and is logged too if VERBOSE is set. */
export function logPart(part: string, text: string, reason?: string, file = inFolder("setup.log")): void {
  log(part, text);
  if (reason === undefined) return;
  if (readVariable("VERBOSE") !== undefined) log("", reason);
  appendFileSync(file, `${new Date().toISOString()} ${part}: ${text}: ${reason}\n`);
}
