import { causeOf } from "./errors";
import { type Platform, platforms } from "./platform";
import { type SignaturePolicy, type TrustRoot, carriesSignature, signedSince, verifySignature } from "./signature";

/** What Pulumi published for one version. */
export interface PulumiRelease {
  /** X.Y.Z */
  readonly version: string;
  /** The URL prefix of the archives. */
  readonly url: string;
  /** The SHA-256 of each platform's archive, in hex. */
  readonly sha256: Readonly<Partial<Record<Platform, string>>>;
}

/** The file name of a platform's archive, as Pulumi's release workflow writes it. */
export function archiveName(version: string, platform: Platform): string {
  return `pulumi-v${version}-linux-${platforms[platform].pulumiArch}.tar.gz`;
}

/** The file name of the list of a version's SHA-256 sums. It has no `v`, unlike the archives. */
export function checksumsName(version: string): string {
  return `pulumi-${version}-checksums.txt`;
}

/** The file name of the signature of that list: a Sigstore bundle. */
export function signatureName(version: string): string {
  return `${checksumsName(version)}.sig`;
}

/** Where releases come from, and what is asked of them. */
export interface ReleasesSource {
  /** The URL prefix of the archives and lists. */
  readonly pulumiReleases: string;
  readonly signatures: SignaturePolicy;
  /** Gets a sentence where a release is used whose signature was not verified: it names the release and says why. */
  readonly tell: (sentence: string) => unknown;
  /** Sigstore's own where it is left out. */
  readonly trust?: TrustRoot;
}

/**
 * Gets the SHA-256 sums that Pulumi published for a version. None is used before the signature of their list is
 * verified, as the policy asks. Throws an Error when the version, or one of the platforms of it, was never published,
 * when the list is not signed by Pulumi or is another version's, and when something of it cannot be read.
 */
export async function getPulumiRelease(
  version: string,
  wanted: readonly Platform[],
  source: ReleasesSource,
): Promise<PulumiRelease> {
  const { pulumiReleases: url } = source;
  const list = await getChecksums(version, url);
  const unverified = await whyUnverified(version, list, source);
  if (unverified !== undefined) {
    await source.tell(`Pulumi ${version}'s list of checksums is used without its signature: ${unverified}`);
  }
  const sums = parseChecksums(list.toString());
  requireVersion(version, url, [...sums.keys()]);
  const sha256: Partial<Record<Platform, string>> = {};
  for (const platform of wanted) {
    const name = archiveName(version, platform);
    const sum = sums.get(name);
    if (sum === undefined) {
      throw new Error(
        `Pulumi ${version} was never published for ${platform}: ${url}/${checksumsName(version)} does not list ` +
          `${name}. Take the platform out of the config, or release another version.`,
      );
    }
    sha256[platform] = sum;
  }
  return { version, url, sha256 };
}

/** The object storage behind get.pulumi.com answers 403 for a file that is not there. */
function isAbsent({ status }: Response): boolean {
  return status === 404 || status === 403;
}

/** Fetches a file that may be absent. Throws an Error when there is no answer, and when the server fails. */
async function get(file: string): Promise<Response> {
  const response = await fetch(file, { signal: AbortSignal.timeout(30_000) }).catch((error: unknown) => {
    throw new Error(
      `${file} cannot be reached: ${String(causeOf(error))}. Check the network and pulumiReleases, then retry.`,
    );
  });
  if (response.ok || isAbsent(response)) return response;
  throw new Error(`${file} cannot be read: it answers ${response.status}. Retry later.`);
}

/** The list, byte by byte: that is what is signed. */
async function getChecksums(version: string, url: string): Promise<Buffer> {
  const list = `${url}/${checksumsName(version)}`;
  const response = await get(list);
  if (isAbsent(response)) {
    throw new Error(
      `Pulumi ${version} was never published: ${list} answers ${response.status}. ` +
        `Release a version of https://github.com/pulumi/pulumi/releases.`,
    );
  }
  return Buffer.from(await response.arrayBuffer());
}

/** Verifies the list as the policy asks, or says why that was not done. Throws an Error for a list that is refused. */
async function whyUnverified(
  version: string,
  bytes: Buffer,
  { pulumiReleases, signatures, trust }: ReleasesSource,
): Promise<string | undefined> {
  if (signatures === "off") return "signatures is off.";
  if (!carriesSignature(version)) return `releases before ${signedSince} carry none that can be verified.`;
  const what = `Pulumi ${version}'s list of checksums`;
  const url = `${pulumiReleases}/${signatureName(version)}`;
  const response = await get(url);
  if (isAbsent(response)) {
    if (signatures === "ifPresent") return `${url} answers ${response.status}, and signatures is ifPresent.`;
    throw new Error(
      `${what} is not signed: ${url} answers ${response.status}, and signatures is required. Nothing was built. ` +
        `Retry later, Pulumi may be about to upload it; else see docs/maintaining.md, "A release's signature is refused".`,
    );
  }
  await verifySignature({ what, bytes, bundle: await response.text(), url }, trust);
  return undefined;
}

/** Throws an Error where a list names an archive of another version: a signature does not tell which one it is for. */
function requireVersion(version: string, url: string, names: readonly string[]): void {
  const other = names.find((name) => name.startsWith("pulumi-v") && !name.startsWith(`pulumi-v${version}-`));
  if (other === undefined) return;
  throw new Error(
    `${url}/${checksumsName(version)} is the list of another version: it names ${other}. Nothing was built. ` +
      `Check pulumiReleases: the list of Pulumi ${version} names its own archives alone.`,
  );
}

/** Reads the format of sha256sum: the sum in hex, two spaces, the file's name. */
function parseChecksums(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gm)].map(([, sum = "", name = ""]) => [name, sum]));
}
