/**
 * Finds why a registry, the CNCF's distribution, could not answer requests, each reason once.
 * @param log its own log
 */
export function registryFailures(log: string): string[] {
  const reasons = log.split("\n").flatMap((line) => failedRequest.exec(line)?.[1] ?? []);
  return [...new Set(reasons)];
}

/** A request that was answered with 5xx. What a client may do wrong, and a blob that it misses, are 4xx. */
const failedRequest = / err\.detail="((?:[^"\\]|\\.)*)".* http\.response\.status=5\d\d /;
