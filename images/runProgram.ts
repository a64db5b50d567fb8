import { asRunError } from "./runError";

/** A program as Pulumi calls it: it reports errors as Pulumi prints them, and ends with the engine. */
export function runProgram<T>(program: () => Promise<T>): () => Promise<T> {
  return () => program().catch((error: unknown) => Promise.reject(asRunError(error)));
}

// If the engine is killed, nobody reads what this process prints, and Pulumi's SDK reports that error by printing it, without
// end: https://github.com/pulumi/pulumi/issues/1465.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
