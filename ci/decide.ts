import * as semver from "semver";

import { type Release, parseGitTag, releaseOf } from "../images/release";
import { type Withdrawn, howToRollBack, namedAtMost, withdrawal } from "../images/withdrawals";
import { Fault } from "./fault";

/** What is known of a repository when one of its tags is released. */
export interface Knowledge {
  /** All of the repository's git tags. */
  readonly gitTags: readonly string[];
  /** The versions that are not released. */
  readonly withdrawn: Withdrawn;
}

/**
 * Decides what a git tag releases. Throws a Fault that says why where it is not a release tag, where its version is
 * withdrawn, and where it is a `latest-v` tag that a higher one of the repository supersedes.
 */
export function decide(gitTag: string, { gitTags, withdrawn }: Knowledge): Release {
  const release = requireRelease(gitTag);
  const refused = withdrawal(release.pulumiVersion, withdrawn);
  if (refused !== undefined) throw new Fault(refused);
  if (release.tag === "latest") refuseSuperseded(release.pulumiVersion, latestVersions(gitTags, withdrawn));
  return release;
}

/** The versions of a repository's `latest-v` tags that are not withdrawn, the highest first. */
export function latestVersions(gitTags: readonly string[], withdrawn: Withdrawn): string[] {
  const latest = gitTags.filter((tag) => tag.startsWith("latest-v"));
  const versions = latest.flatMap((tag) => releaseOf(tag)?.pulumiVersion ?? []);
  return versions.filter((version) => withdrawal(version, withdrawn) === undefined).sort(semver.rcompare);
}

/** What a git tag releases. Throws a Fault that names the forms for any other tag. */
export function requireRelease(gitTag: string): Release {
  try {
    return parseGitTag(gitTag);
  } catch (error) {
    throw new Fault((error as Error).message);
  }
}

function refuseSuperseded(version: string, versions: readonly string[]): void {
  const higher = versions.filter((other) => semver.gt(other, version));
  if (higher.length === 0) return;
  const named = higher.slice(0, namedAtMost).map((other) => `latest-v${other}`);
  const more = higher.length > namedAtMost ? ` and ${higher.length - namedAtMost} more` : "";
  throw new Fault(
    `latest-v${version} is superseded by ${named.join(", ")}${more}: latest does not go back. ` +
      howToRollBack(version, higher),
  );
}
