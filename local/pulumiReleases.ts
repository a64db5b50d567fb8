import { checksumsName } from "../images/pulumiRelease";
import { Fault, causeOf, messageOf } from "../lib/errors";
import { isPulumiVersion } from "../images/gitTag";
import { mirroredVersions, requireMirrored } from "./offline/mirror";
import { officialReleases } from "./pulumiCli";

/** Where Pulumi's releases come from: a URL prefix, or nothing where only the mirror is left. */
export interface ReleasesSource {
  readonly url: string | undefined;
  readonly reason: string;
}

/** Tells whether Pulumi's own releases can be reached. */
export async function releasesSource(): Promise<ReleasesSource> {
  const newest = mirroredVersions().at(-1) ?? "";
  const probe = await head(`${officialReleases}/${checksumsName(newest)}`);
  return probe === undefined
    ? { url: officialReleases, reason: "Pulumi's own" }
    : { url: undefined, reason: `${officialReleases} cannot be reached: ${probe}` };
}

/** Throws a Fault for a version that cannot be had: where only the mirror is left, one that it cannot build. */
export async function requireObtainable(version: string, findSource = releasesSource): Promise<void> {
  if (mirroredVersions().includes(version)) return;
  const { url, reason } = await findSource();
  if (url === undefined) requireMirrored(version, reason);
}

/** The git tag that is released by default: the newest version available here. */
export async function defaultTag(): Promise<string> {
  const { url } = await releasesSource();
  if (url === undefined) return `v${mirroredVersions().at(-1)}`;
  // What Pulumi's own installer asks, https://get.pulumi.com.
  const page = "https://www.pulumi.com/latest-version";
  const version = await fetch(page, { signal: AbortSignal.timeout(10_000) }).then(
    async (response) => (await response.text()).trim(),
    String,
  );
  if (isPulumiVersion(version)) return `v${version}`;
  throw new Fault(`${page} does not tell the newest version of Pulumi: "${version}". Give one: make up TAG=vX.Y.Z.`);
}

async function head(url: string): Promise<string | undefined> {
  return fetch(url, { method: "HEAD", signal: AbortSignal.timeout(5000) }).then(
    (response) => (response.ok ? undefined : `it answers ${response.status}`),
    (error: unknown) => messageOf(causeOf(error)),
  );
}
