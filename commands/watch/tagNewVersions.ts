import { log } from "../../lib/log";
import { whyNotBuildable } from "./whyNotBuildable";
import type { OriginState, WatchOptions } from "./options";
import { overdueVersions, splitIntoPushes, tagsToPush, untaggedVersions, wantedVersions } from "./plan";
import type { WatchReport } from "./report";

/**
 * Tags main for each version that Pulumi has released and that has no tag yet.
 * @returns the tags that exist in addition now, or would after a run that is not dry
 */
export async function tagNewVersions(
  { octokit, config, pulumiReleases, signatures, dryRun }: WatchOptions,
  { origin, commit, withdrawn, gitTags }: OriginState,
  report: WatchReport,
): Promise<string[]> {
  const parameters = { ...config.repository, per_page: 100 };
  const releases = await octokit.paginate("GET /repos/{owner}/{repo}/releases", parameters);
  const wanted = wantedVersions(releases, { firstVersion: config.firstVersion, withdrawn });
  log("releases", `${releases.length}, ${wanted.length} of them to release here, from ${config.firstVersion} on`);
  const reasons = new Map<string, string>();
  for (const version of untaggedVersions(wanted, gitTags)) {
    const reason = await whyNotBuildable(version, pulumiReleases, signatures);
    if (reason !== undefined) reasons.set(version, reason);
  }
  const waiting = [...reasons.keys()];
  const overdue = overdueVersions(waiting, releases, new Date());
  for (const [version, reason] of reasons) {
    report.add(overdue.includes(version) ? "overdue" : "waiting", `v${version}`, reason);
  }
  const tags = tagsToPush(wanted, waiting, { gitTags, withdrawn });
  if (tags.length === 0) log("tags", "none to push");
  for (const group of splitIntoPushes(tags)) {
    const { pushed, createdMeanwhile } = dryRun
      ? { pushed: group, createdMeanwhile: [] }
      : await origin.push(commit, group);
    for (const tag of pushed) report.add("pushed", tag, commit);
    for (const tag of createdMeanwhile) report.add("createdMeanwhile", tag, "left unchanged");
  }
  return tags;
}
