import { argument, readDockerfile } from "../images/dockerfile";
import { causeOf, messageOf } from "../lib/errors";

const officialSnapshots = "http://snapshot.debian.org/archive";

/** Where Debian packages come from: a URL prefix of snapshots, empty where none can be reached, and why. */
export interface SnapshotsSource {
  readonly url: string;
  readonly reason: string;
}

/** Tells whether the snapshot of Debian that the Dockerfiles name can be reached. */
export async function snapshotsSource(): Promise<SnapshotsSource> {
  const snapshot = argument(readDockerfile("yaml"), "DEBIAN_SNAPSHOT");
  const release = `${officialSnapshots}/debian/${snapshot}/dists/trixie/InRelease`;
  const fault = await fetch(release, { method: "HEAD", signal: AbortSignal.timeout(10_000) }).then(
    (response) => (response.ok ? undefined : `it answers ${response.status}`),
    (error: unknown) => messageOf(causeOf(error)),
  );
  if (fault === undefined) return { url: officialSnapshots, reason: `those of ${snapshot}` };
  const consequence = "packages are those of today, so another day makes other digests";
  return { url: "", reason: `${release} cannot be reached: ${fault}; ${consequence}` };
}
