import { causeOf, messageOf } from "../../images/errors";
import { type Platform, platforms } from "../../images/platform";
import { archiveName, checksumsName, getPulumiRelease } from "../../images/pulumiRelease";

/** Every platform: a version waits until Pulumi has published it for all of them. */
const all = Object.keys(platforms) as Platform[];

/**
 * Why a version cannot be built yet: what of its archives and its list of checksums is not at the URL that the build
 * uses, as a sentence; undefined where all of it is. GitHub shows a release before the files are there.
 */
export async function whyNotBuildable(version: string, url: string): Promise<string | undefined> {
  const names = [checksumsName(version), ...all.map((platform) => archiveName(version, platform))];
  const absent = (await Promise.all(names.map((name) => whyAbsent(`${url}/${name}`)))).filter(
    (why) => why !== undefined,
  );
  if (absent.length > 0) return absent.join("; ");
  // The list may lack a platform whose archive is there.
  return getPulumiRelease(version, all, url).then(() => undefined, messageOf);
}

async function whyAbsent(url: string): Promise<string | undefined> {
  return fetch(url, { method: "HEAD", signal: AbortSignal.timeout(30_000) }).then(
    ({ ok, status }) => (ok ? undefined : `${url} answers ${status}`),
    (error: unknown) => `${url} cannot be reached: ${messageOf(causeOf(error))}`,
  );
}
