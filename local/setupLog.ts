import { appendFileSync } from "node:fs";

import { readVariable } from "../lib/environmentVariables";
import { log } from "../lib/log";
import { inFolder } from "./folder";

/** Keeps the reason for a fallback in .local/setup.log, and logs it too if VERBOSE is set. */
export function keepReason(part: string, text: string, reason: string, file = inFolder("setup.log")): void {
  if (readVariable("VERBOSE") !== undefined) log("", reason);
  appendFileSync(file, `${new Date().toISOString()} ${part}: ${text}: ${reason}\n`);
}
