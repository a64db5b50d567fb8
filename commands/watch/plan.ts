import type { RestEndpointMethodTypes as Api } from "@octokit/rest";
import * as semver from "semver";

import { isPulumiVersion, parseGitTag } from "../../images/gitTag";
import { latestVersions } from "../../images/releasable";
import { type Withdrawn, withdrawnReason } from "../../images/withdrawals";

/** A release as GitHub's API returns it. */
export type GitHubRelease = Pick<
  Api["repos"]["getRelease"]["response"]["data"],
  "tag_name" | "draft" | "prerelease" | "published_at"
>;

/** What people have decided, and which tags the repository has. */
export type State = Readonly<{ firstVersion: string; withdrawn: Withdrawn; gitTags: readonly string[] }>;

/** The versions that should have a tag, lowest first: released by Pulumi, not older than the first, not withdrawn. */
export function wantedVersions(releases: readonly GitHubRelease[], state: State): string[] {
  const published = releases.filter(({ draft, prerelease }) => !draft && !prerelease);
  const versions = published.flatMap(({ tag_name }) => /^v(.*)$/s.exec(tag_name)?.[1] ?? []).filter(isPulumiVersion);
  return [...new Set(versions)].filter((version) => isCovered(version, state)).sort(semver.compare);
}

/** Whether people want a version: it is not older than the first, and not withdrawn. */
function isCovered(version: string, { firstVersion, withdrawn }: State): boolean {
  return semver.gte(version, firstVersion) && withdrawnReason(version, withdrawn) === undefined;
}

/** How many hours after its publication a version may still be impossible to build. Then a person must look at it. */
export const maxWaitingHours = 6;

/** Whether Pulumi published a version that waits too long ago. */
export function isOverdue(version: string, releases: readonly GitHubRelease[], now: Date): boolean {
  const published = releases.find(({ tag_name }) => tag_name === `v${version}`)?.published_at ?? "";
  return now.getTime() - Date.parse(published) > maxWaitingHours * 3_600_000;
}

/** The versions that have no tag of their own. */
export function untaggedVersions(versions: readonly string[], gitTags: readonly string[]): string[] {
  return versions.filter((version) => !gitTags.includes(`v${version}`));
}

/**
 * The tags to push, in order: first the own tag of each version that has none and is not waiting, lowest first. Then
 * `latest-v` of the newest version that is released or can be, unless it or a higher `latest-v` exists.
 */
export function tagsToPush(wanted: readonly string[], waiting: readonly string[], state: State): string[] {
  const { gitTags, withdrawn } = state;
  const ready = untaggedVersions(wanted, gitTags).filter((version) => !waiting.includes(version));
  const newest = wanted.filter((version) => ready.includes(version) || gitTags.includes(`v${version}`)).at(-1);
  const [latest] = latestVersions(gitTags, withdrawn);
  const moves = newest !== undefined && (latest === undefined || semver.gt(newest, latest));
  return [...ready.map((version) => `v${version}`), ...(moves ? [`latest-v${newest}`] : [])];
}

/**
 * Splits tags into pushes of three, in the same order: with more, GitHub creates no event for any of them.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#push
 */
export function splitIntoPushes(tags: readonly string[]): string[][] {
  return [...Array(Math.ceil(tags.length / 3)).keys()].map((index) => tags.slice(3 * index, 3 * index + 3));
}

/**
 * The tags whose images should exist: release tags from the first version on that are not withdrawn; of the `latest-v`
 * tags only the highest. The tags that this run pushed are left out, because their releases have only begun.
 */
export function tagsToCheck(state: State, pushed: readonly string[]): string[] {
  const [latest] = latestVersions([...state.gitTags, ...pushed], state.withdrawn);
  return state.gitTags.filter((gitTag) => {
    const { pulumiVersion: version, tag } = parseGitTag(gitTag) ?? {};
    if (version === undefined || pushed.includes(gitTag) || !isCovered(version, state)) return false;
    return tag !== "latest" || version === latest;
  });
}

/** A run of the release workflow as GitHub's API returns it. */
export type WorkflowRun = Pick<
  Api["actions"]["getWorkflowRun"]["response"]["data"],
  "display_title" | "status" | "conclusion" | "html_url"
>;

/** What to do about an incomplete release, with the URL of the run that releases it or that failed last. */
export type Remedy = Readonly<{ kind: "dispatch" | "running" | "postpone" | "failing"; url?: string }>;

/** How often in a row a release may fail. Then a person must look at it. */
export const maxAttempts = 3;

/** Decides what to do about an incomplete release, by the runs of the release workflow, newest first. */
export function remedyOf(gitTag: string, runs: readonly WorkflowRun[]): Remedy {
  // The run-name in release.yml.
  const own = runs.filter(({ display_title }) => display_title === `Release ${gitTag}`);
  const running = own.find(({ status }) => status !== "completed");
  if (running !== undefined) return { kind: "running", url: running.html_url };
  const failed = own.slice(0, maxAttempts).filter(({ conclusion }) => conclusion !== "success");
  return failed.length < maxAttempts ? { kind: "dispatch" } : { kind: "failing", url: failed[0]!.html_url };
}

/** What the queue of a stack can take without delaying a new version for hours. */
const maxDispatches = 10;

/** Caps dispatches per run: a misread registry would look empty and re-release everything. */
export function limitDispatches(remedies: readonly Remedy[]): Remedy[] {
  let dispatches = 0;
  return remedies.map((remedy) =>
    remedy.kind === "dispatch" && ++dispatches > maxDispatches ? { kind: "postpone" } : remedy,
  );
}
