import { Fault } from "../../lib/errors";
import { readVariable } from "../../lib/environmentVariables";
import type { Clone } from "../../lib/git";
import { openGitHub, requireRepository } from "../../lib/github";
import { addSummary } from "../../lib/githubActions";
import { log, logHeading } from "../../lib/log";
import { readPulumiReleases, readSignatures } from "../stackFile";
import { readWithdrawnOnMain } from "../resolveRun";
import { readWatchConfig } from "./config";
import type { OriginState, WatchOptions } from "./options";
import { Origin } from "./origin";
import { releaseAgain } from "./releaseAgain";
import { WatchReport } from "./report";
import { tagNewVersions } from "./tagNewVersions";

/**
 * Tags main for new versions of Pulumi, and releases tags again whose images do not all exist. It acts on the difference
 * between what should exist and what exists: a run after a failed one catches up, a run after a complete one does nothing.
 * @throws {Fault} if GitHub, git or the clone's files cannot be used. An unreadable registry is only reported
 */
export async function watch(options: WatchOptions): Promise<WatchReport> {
  const { owner, repo } = options.config.repository;
  logHeading(`Watching ${owner}/${repo}${options.dryRun ? ": a dry run" : ""}`);
  const report = new WatchReport(options.dryRun);
  const state = await readOrigin(options.clone);
  const pushed = await tagNewVersions(options, state, report);
  await releaseAgain(options, state, pushed, report);
  return report;
}

async function readOrigin(clone: Clone): Promise<OriginState> {
  const origin = new Origin(clone);
  const commit = await origin.fetchMain();
  log("main", commit);
  return { origin, commit, withdrawn: await readWithdrawnOnMain(clone), gitTags: await origin.tags() };
}

/**
 * Watches with the settings of the environment (GITHUB_REPOSITORY, and optionally GITHUB_API_URL, GITHUB_TOKEN and
 * DRY_RUN) and of the checkout's files. Adds a summary to the workflow's run.
 * @throws {Fault} if a setting is invalid; at the end, if a release keeps failing or a version cannot be built for too long
 */
export async function watchFromEnvironment(clone: Clone): Promise<void> {
  const report = await watch({
    clone,
    octokit: openGitHub({ url: readVariable("GITHUB_API_URL"), token: readVariable("GITHUB_TOKEN") }),
    repository: requireRepository(),
    config: await readWatchConfig(clone.folder),
    pulumiReleases: await readPulumiReleases(clone.folder),
    signatures: await readSignatures(clone.folder, "prod"),
    dryRun: readDryRun(),
  });
  addSummary(report.toMarkdown());
  report.requireNothingStuck();
}

/** DRY_RUN. A workflow sets it to nothing if it was not started by hand. */
function readDryRun(): boolean {
  const value = readVariable("DRY_RUN") ?? "false";
  if (value === "true" || value === "false") return value === "true";
  throw new Fault(`DRY_RUN ${JSON.stringify(value)} is neither true nor false. Use one of them, or omit it.`);
}
