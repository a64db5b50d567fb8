/** An error that the user can fix: it is printed without a stack, so its message names value, rule and remedy. */
export class Fault extends Error {}

/** The error below fetch's uninformative "fetch failed", or the error itself if it has no cause. */
export function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

/** An error's message without its class name; a thrown non-error as text. */
export function messageOf(error: unknown): string {
  // A connection that fails on several addresses is an AggregateError, which has a code and no message.
  if (!(error instanceof Error)) return String(error);
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}

/** One message for several problems: the heading, then a line for each. */
export function listProblems(heading: string, problems: readonly string[]): string {
  return [heading, ...problems.map((problem) => `  - ${problem}`)].join("\n");
}
