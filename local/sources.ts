// Where Pulumi's releases and Debian's packages come from: their publisher, or else what this machine has instead.
import { argument, readDockerfile } from "../images/dockerfile";
import { isPulumiVersion } from "../images/gitTag";
import { checksumsName } from "../images/pulumiRelease";
import { Fault, messageOf } from "../lib/errors";
import { fetchWithRetry, whyUnavailable } from "../lib/http";
import { runStep } from "../lib/runStep";
import { mirroredVersions, requireMirrored, serveMirror } from "./offline/mirror";
import { keepReason } from "./setupLog";

/** The URL prefix of Pulumi's own releases. */
export const officialReleases = "https://get.pulumi.com/releases/sdk";
const officialSnapshots = "http://snapshot.debian.org/archive";
/** For servers that may be unreachable: an offline machine must not wait. */
const probe = { timeout: 5000, retries: 1 };
let reason: Promise<string | undefined> | undefined;
const newestMirrored = () => mirroredVersions().at(-1) ?? "";

/** Why Pulumi's own releases cannot be downloaded, so that the mirror is used; undefined if they can. Probed once. */
export function whyMirrored(): Promise<string | undefined> {
  return (reason ??= whyUnavailable(`${officialReleases}/${checksumsName(newestMirrored())}`, probe));
}

/** Returns the URL prefix of Pulumi's releases, or of their mirror on this host, which it starts. */
export async function findReleases(host: string): Promise<string> {
  const part = "Pulumi releases";
  const unavailable = await runStep(part, "looking for get.pulumi.com", async (step) => {
    const reason = await whyMirrored();
    step.done = reason === undefined ? officialReleases : "built here (get.pulumi.com not reachable)";
    if (reason !== undefined) keepReason(part, step.done, reason);
    return reason;
  });
  return unavailable === undefined ? officialReleases : serveMirror(host);
}

/** Checks that Pulumi's own releases are available, or else that the mirror can build this version. */
export async function requireAvailable(version: string, findReason = whyMirrored): Promise<void> {
  const unavailable = await findReason();
  if (unavailable !== undefined) requireMirrored(version, unavailable);
}

/** The git tag that is released by default: the newest version that is available on this machine. */
export async function defaultTag(): Promise<string> {
  if ((await whyMirrored()) !== undefined) return `v${newestMirrored()}`;
  // As Pulumi's own installer does, https://get.pulumi.com.
  const page = "https://www.pulumi.com/latest-version";
  const text = await fetchWithRetry(page, probe).then((response) => response.text(), messageOf);
  if (isPulumiVersion(text.trim())) return `v${text.trim()}`;
  throw new Fault(`Could not read Pulumi's newest version from ${page}: "${text}". Set one: make up TAG=vX.Y.Z.`);
}

/** Returns the URL prefix of Debian's snapshots; empty if they cannot be reached. Then the base's sources are used. */
export async function findSnapshots(): Promise<string> {
  const snapshot = argument(readDockerfile("yaml"), "DEBIAN_SNAPSHOT");
  const part = "Debian packages";
  return runStep(part, "looking for snapshot.debian.org", async (step) => {
    const reason = await whyUnavailable(`${officialSnapshots}/debian/${snapshot}/dists/trixie/InRelease`, probe);
    step.done = `snapshot ${snapshot}`;
    if (reason === undefined) return officialSnapshots;
    step.done = "today's (snapshot not reachable), so digests vary";
    keepReason(part, step.done, reason);
    return "";
  });
}
