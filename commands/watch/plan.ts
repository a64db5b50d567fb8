import * as semver from "semver";

import { isPulumiVersion, parseGitTag } from "../../images/gitTag";
import { type Withdrawn, withdrawnReason } from "../../images/withdrawals";
import { latestVersions } from "../../images/releasable";

/** A release of Pulumi, as GitHub's API gives it. */
export interface PulumiRelease {
  readonly tag_name: string;
  readonly draft: boolean;
  readonly prerelease: boolean;
}

/** What was decided before, and what the repository has. */
export interface State {
  readonly firstVersion: string;
  readonly withdrawn: Withdrawn;
  /** The repository's git tags. */
  readonly gitTags: readonly string[];
}

/** The versions that are to have a tag, the lowest first: released by Pulumi, from the first version on, not withdrawn. */
export function wantedVersions(
  releases: readonly PulumiRelease[],
  { firstVersion, withdrawn }: Pick<State, "firstVersion" | "withdrawn">,
): string[] {
  const published = releases.filter(({ draft, prerelease }) => !draft && !prerelease);
  const versions = published.flatMap(({ tag_name }) => /^v(.*)$/s.exec(tag_name)?.[1] ?? []).filter(isPulumiVersion);
  return [...new Set(versions)]
    .filter((version) => semver.gte(version, firstVersion) && withdrawnReason(version, withdrawn) === undefined)
    .sort(semver.compare);
}

/** How long Pulumi's files may take to be there and to be right, in hours, before somebody has to look at it. */
export const hoursToWait = 6;

/**
 * Those of the versions that wait which Pulumi published too long ago.
 * @param releases releases of Pulumi, as GitHub's API gives them: `published_at` is in ISO 8601
 */
export function overdueVersions(
  waiting: readonly string[],
  releases: readonly { readonly tag_name: string; readonly published_at: string | null }[],
  now: Date,
): string[] {
  const latest = now.getTime() - hoursToWait * 3_600_000;
  return waiting.filter((version) => {
    const release = releases.find(({ tag_name }) => tag_name === `v${version}`);
    return release?.published_at != null && Date.parse(release.published_at) < latest;
  });
}

/** Those of the versions that have no tag of their own. */
export function untaggedVersions(versions: readonly string[], gitTags: readonly string[]): string[] {
  return versions.filter((version) => !gitTags.includes(`v${version}`));
}

/**
 * The tags to push, in this order: a version's own for each that has none and can be built, the lowest first; then
 * `latest-v` of the newest that is released or can be, unless there is one of it or of a higher version.
 * @param waiting the versions that cannot be built yet
 */
export function tagsToPush(
  wanted: readonly string[],
  waiting: readonly string[],
  { gitTags, withdrawn }: Pick<State, "gitTags" | "withdrawn">,
): string[] {
  const ready = untaggedVersions(wanted, gitTags).filter((version) => !waiting.includes(version));
  const newest = wanted.filter((version) => ready.includes(version) || gitTags.includes(`v${version}`)).at(-1);
  const [latest] = latestVersions(gitTags, withdrawn);
  const moves = newest !== undefined && (latest === undefined || semver.gt(newest, latest));
  return [...ready.map((version) => `v${version}`), ...(moves ? [`latest-v${newest}`] : [])];
}

/**
 * The most tags that one push may hold: GitHub makes no event for any tag of a push of more.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#push
 */
const tagsAPush = 3;

/** The tags in groups that fit into a push each, in the same order. */
export function inPushes(tags: readonly string[]): string[][] {
  const count = Math.ceil(tags.length / tagsAPush);
  return [...Array(count).keys()].map((index) => tags.slice(index * tagsAPush, (index + 1) * tagsAPush));
}

/**
 * The tags whose images are to be there: the release tags of the repository from the first version on that are not
 * withdrawn, of the `latest-v` tags the highest alone. Those that this run has pushed are left out: their releases have
 * only begun.
 */
export function tagsToCheck({ gitTags, firstVersion, withdrawn }: State, pushed: readonly string[]): string[] {
  const [latest] = latestVersions([...gitTags, ...pushed], withdrawn);
  return gitTags.filter((gitTag) => {
    const release = parseGitTag(gitTag);
    if (release === undefined || pushed.includes(gitTag)) return false;
    const { pulumiVersion: version, tag } = release;
    if (semver.lt(version, firstVersion) || withdrawnReason(version, withdrawn) !== undefined) return false;
    return tag !== "latest" || version === latest;
  });
}

/** A run of the release workflow, as GitHub's API gives it. */
export interface WorkflowRun {
  readonly display_title: string;
  /** `completed`, or one of several ways of not being that. */
  readonly status: string | null;
  readonly conclusion: string | null;
  readonly html_url: string;
}

/** What is done about a release that failed. */
export type Remedy =
  | { readonly kind: "dispatch" }
  /** A run is at it, or will be. */
  | { readonly kind: "under way"; readonly url: string }
  /** Enough others are released again before it. */
  | { readonly kind: "later" }
  /** It was tried often enough. */
  | { readonly kind: "failing"; readonly url: string };

/** What the queue of a stack takes without holding up a new version for hours. */
const dispatchesAtOnce = 10;

/** Leaves all but the first dispatches to later runs: a registry that is read wrongly looks as if nothing was there. */
export function limitDispatches<Failed extends { readonly remedy: Remedy }>(failed: readonly Failed[]): Failed[] {
  let dispatches = 0;
  return failed.map((release) => {
    if (release.remedy.kind !== "dispatch" || ++dispatches <= dispatchesAtOnce) return release;
    return { ...release, remedy: { kind: "later" } };
  });
}

/** How often in a row a release may fail before somebody has to look at it. */
export const triesOfARelease = 3;

/**
 * Decides what is done about a release that failed.
 * @param runs runs of the release workflow, the newest first
 */
export function remedyOf(gitTag: string, runs: readonly WorkflowRun[]): Remedy {
  // As the run-name of release.yml has it.
  const own = runs.filter(({ display_title }) => display_title === `Release ${gitTag}`);
  const running = own.find(({ status }) => status !== "completed");
  if (running !== undefined) return { kind: "under way", url: running.html_url };
  const last = own.slice(0, triesOfARelease);
  const [newest] = last;
  const failed = last.every(({ conclusion }) => conclusion !== "success");
  if (newest === undefined || last.length < triesOfARelease || !failed) return { kind: "dispatch" };
  return { kind: "failing", url: newest.html_url };
}
