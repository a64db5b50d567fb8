import * as semver from "semver";

import { Fault } from "../lib/errors";
import { type Release, parseGitTag, requireRelease } from "./gitTag";
import { type Withdrawn, maxListedVersions, rollbackHint, withdrawnReason } from "./withdrawals";

/**
 * Parses a git tag.
 * @throws {Fault} if it is not a release tag, its version is withdrawn, or it is a `latest-v` tag and there is a higher one
 */
export function requireReleasable(
  gitTag: string,
  { gitTags, withdrawn }: { readonly gitTags: readonly string[]; readonly withdrawn: Withdrawn },
): Release {
  const release = requireRelease(gitTag);
  const { pulumiVersion, tag } = release;
  const reason = withdrawnReason(pulumiVersion, withdrawn);
  if (reason !== undefined) throw new Fault(reason);
  const higher = latestVersions(gitTags, withdrawn).filter((other) => semver.gt(other, pulumiVersion));
  if (tag !== "latest" || higher.length === 0) return release;
  const listed = higher.slice(0, maxListedVersions).map((other) => `latest-v${other}`);
  const more = higher.length > maxListedVersions ? ` and ${higher.length - maxListedVersions} more` : "";
  throw new Fault(
    `${gitTag} is superseded by ${listed.join(", ")}${more}, and latest is never downgraded. ` +
      rollbackHint(pulumiVersion, higher),
  );
}

/** The versions of a repository's `latest-v` tags that are not withdrawn, highest first. */
export function latestVersions(gitTags: readonly string[], withdrawn: Withdrawn): string[] {
  const releases = gitTags.flatMap((gitTag) => parseGitTag(gitTag) ?? []);
  const versions = releases.filter(({ tag }) => tag === "latest").map(({ pulumiVersion }) => pulumiVersion);
  return versions.filter((version) => withdrawnReason(version, withdrawn) === undefined).sort(semver.rcompare);
}
