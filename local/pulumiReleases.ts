import { isPulumiVersion } from "../images/gitTag";
import { checksumsName } from "../images/pulumiRelease";
import { Fault, messageOf } from "../lib/errors";
import { fetchWithRetry, whyUnavailable } from "../lib/http";
import { mirroredVersions, requireMirrored } from "./offline/mirror";

/** The URL prefix of Pulumi's own releases. */
export const officialReleases = "https://get.pulumi.com/releases/sdk";

/** For servers that may be unreachable: an offline machine must not wait. */
const probe = { timeout: 10_000, retries: 1 };

let reason: Promise<string | undefined> | undefined;

/** Why Pulumi's own releases cannot be downloaded, so that the mirror is used; undefined if they can. Probed once. */
export function whyMirrored(): Promise<string | undefined> {
  return (reason ??= whyUnavailable(`${officialReleases}/${checksumsName(newestMirrored())}`, probe));
}

/** @throws {Fault} if only the mirror is available and cannot build this version */
export async function requireAvailable(version: string, findReason = whyMirrored): Promise<void> {
  if (mirroredVersions().includes(version)) return;
  const unavailable = await findReason();
  if (unavailable !== undefined) requireMirrored(version, unavailable);
}

/**
 * The git tag that is released by default: the newest version that is available on this machine.
 * @throws {Fault} if Pulumi's own releases are available but not their newest version
 */
export async function defaultTag(): Promise<string> {
  if ((await whyMirrored()) !== undefined) return `v${newestMirrored()}`;
  // As Pulumi's own installer does, https://get.pulumi.com.
  const page = "https://www.pulumi.com/latest-version";
  const version = await fetchWithRetry(page, probe)
    .then((response) => response.text())
    .catch(messageOf);
  if (isPulumiVersion(version.trim())) return `v${version.trim()}`;
  throw new Fault(`Could not read Pulumi's newest version from ${page}: "${version}". Set one: make up TAG=vX.Y.Z.`);
}

function newestMirrored(): string {
  return mirroredVersions().at(-1) ?? "";
}
