import { allPlatforms } from "../../images/platform";
import { archiveName, checksumsName, getPulumiRelease, signatureName } from "../../images/pulumiRelease";
import { type SignaturePolicy, isSigned } from "../../images/signature";
import { messageOf } from "../../lib/errors";
import { whyUnavailable } from "../../lib/http";
import { log } from "../../lib/log";

/** Why a build would refuse a version, undefined if it would not: GitHub lists a release before all of its files exist. */
export async function whyNotBuildable(version: string, pulumiReleases: string, signatures: SignaturePolicy) {
  const names = [
    checksumsName(version),
    ...(signatures === "required" && isSigned(version) ? [signatureName(version)] : []),
    ...allPlatforms.map((platform) => archiveName(version, platform)),
  ];
  const reasons = names.map(async (name) => {
    const url = `${pulumiReleases}/${name}`;
    const reason = (await whyUnavailable(url)) ?? "";
    return reason === "" || reason.includes(url) ? reason : `${url}: ${reason}`;
  });
  const missing = (await Promise.all(reasons)).filter(Boolean);
  if (missing.length > 0) return missing.join("; ");
  // The checksum file may lack a platform whose archive exists, and the signature may be invalid.
  const warn = (sentence: string) => log(`v${version}`, sentence);
  return getPulumiRelease(version, allPlatforms, { pulumiReleases, signatures, warn }).then(() => undefined, messageOf);
}
