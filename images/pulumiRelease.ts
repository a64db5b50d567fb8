import { Fault, messageOf } from "../lib/errors";
import { fetchWithRetry } from "../lib/http";
import { type Platform, platforms } from "./platform";
import { type SignaturePolicy, type TrustRoot, isSigned, signedSince, verifySignature } from "./signature";

/** What Pulumi published for one version. */
export interface PulumiRelease {
  /** X.Y.Z */
  readonly version: string;
  /** URL prefix of the archives. */
  readonly url: string;
  /** SHA-256 of each platform's archive, in hex. */
  readonly sha256: Readonly<Partial<Record<Platform, string>>>;
}

/** A platform's archive, named as by Pulumi's release workflow. */
export function archiveName(version: string, platform: Platform): string {
  return `pulumi-v${version}-linux-${platforms[platform].pulumiArch}.tar.gz`;
}

/** The checksum file with the SHA-256 sums of a version's archives. Unlike theirs, its name has no `v`. */
export function checksumsName(version: string): string {
  return `pulumi-${version}-checksums.txt`;
}

/** The signature of the checksum file, a Sigstore bundle. */
export function signatureName(version: string): string {
  return `${checksumsName(version)}.sig`;
}

/** Where Pulumi's releases are downloaded, and how they are verified. */
interface ReleasesSource {
  /** URL prefix of the archives and checksum files. */
  readonly pulumiReleases: string;
  readonly signatures: SignaturePolicy;
  /** Receives a warning if a release is used without a verified signature. */
  readonly warn: (sentence: string) => unknown;
  /** Sigstore's own by default. */
  readonly trust?: TrustRoot;
}

/**
 * Reads the checksums that Pulumi published for a version, after verifying their signature as the policy says.
 * @throws {Fault} if the version or one of the platforms was never published, if the checksum file is not signed by
 *   Pulumi or belongs to another version, or if a file cannot be read
 */
export async function getPulumiRelease(
  version: string,
  wanted: readonly Platform[],
  source: ReleasesSource,
): Promise<PulumiRelease> {
  const { pulumiReleases: url } = source;
  const file = await getChecksumFile(version, url);
  const unverified = await whyUnverified(version, file, source);
  if (unverified !== undefined) {
    await source.warn(`Using the checksum file of Pulumi ${version} without a verified signature: ${unverified}`);
  }
  const sums = parseChecksums(file.toString());
  requireVersion(version, url, [...sums.keys()]);
  const sha256 = Object.fromEntries(wanted.map((platform) => [platform, requireSum(version, platform, url, sums)]));
  return { version, url, sha256 };
}

function requireSum(version: string, platform: Platform, url: string, sums: ReadonlyMap<string, string>): string {
  const name = archiveName(version, platform);
  const sum = sums.get(name);
  if (sum !== undefined) return sum;
  throw new Fault(
    `Pulumi ${version} was never published for ${platform}: ${url}/${checksumsName(version)} does not list ${name}. ` +
      `Remove the platform from the config, or release another version.`,
  );
}

/** The object storage behind get.pulumi.com answers 403 for a file that does not exist. */
function isAbsent({ status }: Response): boolean {
  return status === 404 || status === 403;
}

/** Downloads a file that may be absent. */
async function get(file: string): Promise<Response> {
  const response = await fetchWithRetry(file).catch((error: unknown) => {
    throw new Fault(`${messageOf(error)}. Check the network and pulumiReleases, then retry.`);
  });
  if (response.ok || isAbsent(response)) return response;
  throw new Fault(`Could not read ${file}: it answers ${response.status}. Retry later.`);
}

/** The file's bytes, which are what is signed. */
async function getChecksumFile(version: string, url: string): Promise<Buffer> {
  const file = `${url}/${checksumsName(version)}`;
  const response = await get(file);
  if (isAbsent(response)) {
    throw new Fault(
      `Pulumi ${version} was never published: ${file} answers ${response.status}. ` +
        `Release a version listed at https://github.com/pulumi/pulumi/releases.`,
    );
  }
  return Buffer.from(await response.arrayBuffer());
}

/** Verifies the checksum file as the policy says; returns why it was not verified if the policy allows that. */
async function whyUnverified(
  version: string,
  bytes: Buffer,
  { pulumiReleases, signatures, trust }: ReleasesSource,
): Promise<string | undefined> {
  if (signatures === "off") return "signatures is off.";
  if (!isSigned(version)) return `releases before ${signedSince} have no signature that can be verified.`;
  const what = `The checksum file of Pulumi ${version}`;
  const url = `${pulumiReleases}/${signatureName(version)}`;
  const response = await get(url);
  if (isAbsent(response)) {
    if (signatures === "ifPresent") return `${url} answers ${response.status}, and signatures is ifPresent.`;
    throw new Fault(
      `${what} is not signed: ${url} answers ${response.status}, and signatures is required. Nothing was built. ` +
        `Retry later, in case Pulumi is still uploading it; otherwise see docs/maintaining.md, "A signature is refused".`,
    );
  }
  await verifySignature({ what, bytes, bundle: await response.text(), url }, trust);
  return undefined;
}

/** Fails if the file lists archives of another version: a signature does not say which version it is for. */
function requireVersion(version: string, url: string, names: readonly string[]): void {
  const other = names.find((name) => name.startsWith("pulumi-v") && !name.startsWith(`pulumi-v${version}-`));
  if (other === undefined) return;
  throw new Fault(
    `${url}/${checksumsName(version)} belongs to another version: it lists ${other}. Nothing was built. ` +
      `Check pulumiReleases: the checksum file of Pulumi ${version} lists only its own archives.`,
  );
}

/** Parses the format of sha256sum: the sum in hex, two spaces, the file's name. */
function parseChecksums(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gm)].map(([, sum = "", name = ""]) => [name, sum]));
}
