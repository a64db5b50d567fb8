import { causeOf } from "./errors";
import { type Platform, platforms } from "./platform";

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

/**
 * Gets the SHA-256 sums that Pulumi published for a version. Throws an Error when the version, or one of the platforms
 * of it, was never published, and when the list cannot be read.
 */
export async function getPulumiRelease(
  version: string,
  wanted: readonly Platform[],
  url: string,
): Promise<PulumiRelease> {
  const sums = parseChecksums(await getChecksums(version, url));
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

async function getChecksums(version: string, url: string): Promise<string> {
  const list = `${url}/${checksumsName(version)}`;
  const response = await fetch(list, { signal: AbortSignal.timeout(30_000) }).catch((error: unknown) => {
    throw new Error(
      `${list} cannot be reached: ${String(causeOf(error))}. Check the network and pulumiReleases, then retry.`,
    );
  });
  // The object storage behind get.pulumi.com answers 403 for a file that is not there.
  if (response.status === 404 || response.status === 403) {
    throw new Error(
      `Pulumi ${version} was never published: ${list} answers ${response.status}. ` +
        `Release a version of https://github.com/pulumi/pulumi/releases.`,
    );
  }
  if (!response.ok) throw new Error(`${list} cannot be read: it answers ${response.status}. Retry later.`);
  return response.text();
}

/** Reads the format of sha256sum: the sum in hex, two spaces, the file's name. */
function parseChecksums(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gm)].map(([, sum = "", name = ""]) => [name, sum]));
}
