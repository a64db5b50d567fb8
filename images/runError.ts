import { RunError } from "@pulumi/pulumi";

import { Fault } from "../lib/errors";

/**
 * Turns a Fault into the one error class that Pulumi prints without a stack trace; leaves other errors as they are.
 * https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/errors.ts
 */
export function asRunError(error: unknown): Error {
  return error instanceof Fault ? new RunError(error.message) : (error as Error);
}
