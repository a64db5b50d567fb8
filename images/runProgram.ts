import { asRunError } from "./runError";

/** A program as Pulumi calls it: it reports errors as Pulumi prints them, and ends with the engine. */
export function runProgram<T>(program: () => Promise<T>): () => Promise<T> {
  endWithEngine();
  return () => program().catch((error: unknown) => Promise.reject(asRunError(error)));
}

/**
 * Ends this process if nobody reads what it prints, because the engine was killed. Pulumi's SDK reports an error that nobody
 * catches by printing it, which fails again, without end. Others saw such processes:
 * https://github.com/pulumi/pulumi-awsx/issues/1113
 */
function endWithEngine(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
}
