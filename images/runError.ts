import { RunError } from "@pulumi/pulumi";

import { Fault } from "../lib/errors";

/** Turns a Fault into the one error that Pulumi prints without a stack; leaves other errors as they are. */
export function asRunError(error: unknown): Error {
  if (!(error instanceof Fault)) return error as Error;
  const { message } = error;
  // Pulumi prefixes an output's error with "error serializing property" once for each resource. The setter ignores that.
  return Object.defineProperty(new RunError(message), "message", { get: () => message, set: () => undefined });
}
