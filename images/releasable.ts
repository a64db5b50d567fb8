import * as semver from "semver";

import { Fault } from "../lib/errors";
import { type Release, parseGitTag, requireRelease } from "./gitTag";
import { type Withdrawn, maxListedVersions, rollbackHint, withdrawnReason } from "./withdrawals";

/** What decides whether a git tag may be released. */
interface TagContext {
  /** All git tags of the repository. */
  readonly gitTags: readonly string[];
  readonly withdrawn: Withdrawn;
}

/**
 * Parses a git tag that may be released.
 * @throws {Fault} if it is not a release tag, if its version is withdrawn, or if it is a `latest-v` tag and the
 *   repository has a higher one
 */
export function requireReleasable(gitTag: string, { gitTags, withdrawn }: TagContext): Release {
  const release = requireRelease(gitTag);
  const reason = withdrawnReason(release.pulumiVersion, withdrawn);
  if (reason !== undefined) throw new Fault(reason);
  if (release.tag === "latest") refuseSuperseded(release.pulumiVersion, latestVersions(gitTags, withdrawn));
  return release;
}

/** The versions of a repository's `latest-v` tags that are not withdrawn, highest first. */
export function latestVersions(gitTags: readonly string[], withdrawn: Withdrawn): string[] {
  const latest = gitTags.filter((tag) => tag.startsWith("latest-v"));
  const versions = latest.flatMap((tag) => parseGitTag(tag)?.pulumiVersion ?? []);
  return versions.filter((version) => withdrawnReason(version, withdrawn) === undefined).sort(semver.rcompare);
}

function refuseSuperseded(version: string, versions: readonly string[]): void {
  const higher = versions.filter((other) => semver.gt(other, version));
  if (higher.length === 0) return;
  const listed = higher.slice(0, maxListedVersions).map((other) => `latest-v${other}`);
  const more = higher.length > maxListedVersions ? ` and ${higher.length - maxListedVersions} more` : "";
  throw new Fault(
    `latest-v${version} is superseded by ${listed.join(", ")}${more}, and latest is never downgraded. ` +
      rollbackHint(version, higher),
  );
}
