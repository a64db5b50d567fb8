/** Why a fetch failed: what lies under its "fetch failed", or the error itself where nothing does. */
export function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}
