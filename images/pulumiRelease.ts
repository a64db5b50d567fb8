import { Fault, messageOf } from "../lib/errors";
import { fetchWithRetry } from "../lib/http";
import { type Platform, platforms } from "./platform";
import { type SignaturePolicy, type TrustRoot, isSigned, signedSince, verifySignature } from "./signature";

/** What Pulumi published for one version. */
export interface PulumiRelease {
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

/** Where releases are downloaded, and how they are verified. */
export interface ReleasesSource {
  /** URL prefix of the archives and checksum files. */
  readonly pulumiReleases: string;
  readonly signatures: SignaturePolicy;
  /** Receives a warning if a release is used without a verified signature. */
  readonly warn: (sentence: string) => unknown;
  /** Sigstore's own by default. */
  readonly trust?: TrustRoot;
}

/** The checksum file of a version, by its URL, and the SHA-256 that it has for each archive, by name. */
interface Checksums {
  readonly version: string;
  readonly file: string;
  readonly sums: ReadonlyMap<string, string>;
}

/**
 * Reads the checksums that Pulumi published for a version, after verifying their signature as the policy says.
 * @throws {Fault} if the version or a platform was never published, if the checksum file is not signed by Pulumi or belongs
 *   to another version, or if a file cannot be read
 */
export async function getPulumiRelease(
  version: string,
  wanted: readonly Platform[],
  source: ReleasesSource,
): Promise<PulumiRelease> {
  const checksums = await readChecksums(version, source);
  const sumOf = (platform: Platform) => requireSum(checksums, platform, archiveName(version, platform));
  const sha256 = Object.fromEntries(wanted.map((platform) => [platform, sumOf(platform)]));
  return { version, url: source.pulumiReleases, sha256 };
}

/**
 * Reads the SHA-256 that Pulumi published for an archive of the CLI, as `getPulumiRelease` does, also for other systems.
 * @param system as Pulumi names it: darwin-arm64
 */
export async function readArchiveSum(version: string, system: string, source: ReleasesSource) {
  const name = `pulumi-v${version}-${system}.tar.gz`;
  return { name, sha256: requireSum(await readChecksums(version, source), system, name) };
}

async function readChecksums(version: string, source: ReleasesSource): Promise<Checksums> {
  const file = `${source.pulumiReleases}/${checksumsName(version)}`;
  const response = await get(file);
  if (!response.ok) {
    throw new Fault(
      `Pulumi ${version} was never published: ${file} answers ${response.status}. ` +
        `Release a version listed at https://github.com/pulumi/pulumi/releases.`,
    );
  }
  // The bytes, which are what is signed.
  const bytes = Buffer.from(await response.arrayBuffer());
  const unverified = await whyUnverified(version, bytes, source);
  if (unverified !== undefined) {
    await source.warn(`Using the checksum file of Pulumi ${version} without a verified signature: ${unverified}`);
  }
  // The format of sha256sum: the sum in hex, two spaces, the file's name.
  const lines = [...bytes.toString().matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gm)];
  const sums = new Map(lines.map(([, sum = "", name = ""]) => [name, sum]));
  requireWhole(bytes.toString(), lines.length, file);
  requireVersion(version, file, sums);
  return { version, file, sums };
}

/** Downloads a file; it is not `ok` only if the file does not exist. */
async function get(file: string): Promise<Response> {
  const response = await fetchWithRetry(file).catch((error: unknown) => {
    throw new Fault(`${messageOf(error)}. Check the network and pulumiReleases, then retry.`);
  });
  // The object storage behind get.pulumi.com answers 403 for a file that does not exist.
  if (response.ok || [403, 404].includes(response.status)) return response;
  throw new Fault(`Could not read ${file}: it answers ${response.status}. Retry later.`);
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
  if (response.ok) {
    await verifySignature({ what, bytes, bundle: await response.text(), url }, trust);
    return undefined;
  }
  if (signatures === "ifPresent") return `${url} answers ${response.status}, and signatures is ifPresent.`;
  throw new Fault(
    `${what} is not signed: ${url} answers ${response.status}, and signatures is required. Nothing was built. ` +
      `Retry later, in case Pulumi is still uploading it; otherwise see docs/maintaining.md, "A signature is refused".`,
  );
}

/** Fails if the file is empty, is something else such as a proxy's page, or ends early. */
function requireWhole(text: string, sums: number, file: string): void {
  const problem =
    text.trim() === ""
      ? "is empty"
      : sums === 0
        ? `is not a checksum file: it begins with ${JSON.stringify(text.slice(0, 80))}`
        : text.trimEnd().split("\n").length > sums
          ? `is cut off or damaged: its last line is ${JSON.stringify(text.trimEnd().split("\n").at(-1))}`
          : undefined;
  if (problem === undefined) return;
  throw new Fault(`${file} ${problem}. Nothing was built. Check the network and pulumiReleases, then retry.`);
}

/** Fails if the file lists archives of another version: a signature does not say which version it is for. */
function requireVersion(version: string, file: string, sums: ReadonlyMap<string, string>): void {
  const isOther = (name: string) => name.startsWith("pulumi-v") && !name.startsWith(`pulumi-v${version}-`);
  const other = [...sums.keys()].find(isOther);
  if (other === undefined) return;
  throw new Fault(
    `${file} belongs to another version: it lists ${other}. Nothing was built. ` +
      `Check pulumiReleases: the checksum file of Pulumi ${version} lists only its own archives.`,
  );
}

function requireSum({ version, file, sums }: Checksums, platform: string, name: string): string {
  const sum = sums.get(name);
  if (sum !== undefined) return sum;
  throw new Fault(
    `${file} does not list ${name}, but ${[...sums.keys()].join(", ")}. Nothing was built. Retry later, in case Pulumi is ` +
      `still uploading it; otherwise Pulumi ${version} was never published for ${platform}: release another version.`,
  );
}
