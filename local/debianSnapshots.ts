import { argument, readDockerfile } from "../images/dockerfile";
import { whyUnavailable } from "../lib/http";
import { logPart } from "./setupLog";

/** The URL prefix of Debian's own snapshots. */
const officialSnapshots = "http://snapshot.debian.org/archive";

/**
 * Checks whether the Debian snapshot that the Dockerfiles pin can be reached, and logs which packages are installed.
 * @returns the URL prefix of snapshots; empty if the base's own sources are used instead
 */
export async function findSnapshots(): Promise<string> {
  const snapshot = argument(readDockerfile("yaml"), "DEBIAN_SNAPSHOT");
  const release = `${officialSnapshots}/debian/${snapshot}/dists/trixie/InRelease`;
  const reason = await whyUnavailable(release, { timeout: 10_000, retries: 1 });
  if (reason === undefined) logPart("Debian packages", `snapshot ${snapshot}`);
  else logPart("Debian packages", "today's, so digests change daily (snapshot not reachable)", reason);
  return reason === undefined ? officialSnapshots : "";
}
