import { causeOf, messageOf } from "../../lib/errors";
import { type Platform, platforms } from "../../images/platform";
import { archiveName, checksumsName, getPulumiRelease, signatureName } from "../../images/pulumiRelease";
import { type SignaturePolicy, isSigned } from "../../images/signature";
import { log } from "../../lib/log";

/** Every platform: a version waits until Pulumi has published it for all of them. */
const all = Object.keys(platforms) as Platform[];

/**
 * Why a version cannot be built yet, as a sentence: what of its archives, its list of checksums and, where the build
 * requires it, the list's signature is not at the URL that the build uses, or is refused; undefined where the build will
 * take it. GitHub shows a release before the files are there.
 */
export async function whyNotBuildable(
  version: string,
  pulumiReleases: string,
  signatures: SignaturePolicy,
): Promise<string | undefined> {
  const signed = signatures === "required" && isSigned(version);
  const lists = [checksumsName(version), ...(signed ? [signatureName(version)] : [])];
  const names = [...lists, ...all.map((platform) => archiveName(version, platform))];
  const absent = (await Promise.all(names.map((name) => whyAbsent(`${pulumiReleases}/${name}`)))).filter(
    (why) => why !== undefined,
  );
  if (absent.length > 0) return absent.join("; ");
  // The list may lack a platform whose archive is there, and the signature may be another's.
  const warn = (sentence: string) => {
    log(`v${version}`, sentence);
  };
  return getPulumiRelease(version, all, { pulumiReleases, signatures, warn }).then(() => undefined, messageOf);
}

async function whyAbsent(url: string): Promise<string | undefined> {
  return fetch(url, { method: "HEAD", signal: AbortSignal.timeout(30_000) }).then(
    ({ ok, status }) => (ok ? undefined : `${url} answers ${status}`),
    (error: unknown) => `${url} cannot be reached: ${messageOf(causeOf(error))}`,
  );
}
