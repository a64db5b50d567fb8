import { ExecaError } from "execa";

import { messageOf } from "./errors";

/** Why a program failed: what it printed to stderr, else how it ended. The message of any other error. */
export function programMessage(error: unknown): string {
  return error instanceof ExecaError ? String(error.stderr).trim() || error.shortMessage : messageOf(error);
}
