import type { Octokit } from "@octokit/rest";

import type { Config } from "../../images/config";
import { readVariable } from "../../lib/environmentVariables";
import { Fault, messageOf } from "../../lib/errors";
import type { Clone } from "../../lib/git";
import { type Repository, openGitHub, requireRepository } from "../../lib/github";
import { addSummary } from "../../lib/githubActions";
import { log, logHeading } from "../../lib/log";
import { readPulumiReleases, readSignatures, readStackRegistry } from "../stackFile";
import { readWithdrawnOnMain } from "../resolveRun";
import { type WatchConfig, readWatchConfig } from "./config";
import { Origin } from "./origin";
import * as plan from "./plan";
import { PublishedImages } from "./publishedImages";
import { WatchReport } from "./report";
import { whyNotBuildable } from "./whyNotBuildable";

/** What a watch works with, among it the settings of a release. A dry run only reports what it would push and dispatch. */
export interface WatchOptions extends Pick<Config, "pulumiReleases" | "signatures"> {
  /** A clone whose origin gets the tags. Its git credentials decide whether the tags start workflows. */
  readonly clone: Clone;
  readonly octokit: Octokit;
  /** The origin on GitHub. Its release workflow is dispatched. */
  readonly repository: Repository;
  readonly config: WatchConfig;
  readonly dryRun: boolean;
}

/**
 * Watches with the settings of the environment (GITHUB_REPOSITORY, and optionally GITHUB_API_URL, GITHUB_TOKEN and
 * DRY_RUN) and of the checkout's files, and adds a summary to the workflow's run.
 * @throws {Fault} if a setting is invalid; at the end, if a release keeps failing or a version waits for too long
 */
export async function watchFromEnvironment(clone: Clone): Promise<void> {
  const report = await watch({
    clone,
    octokit: openGitHub({ url: readVariable("GITHUB_API_URL"), token: readVariable("GITHUB_TOKEN") }),
    repository: requireRepository(),
    config: await readWatchConfig(clone.folder),
    pulumiReleases: await readPulumiReleases(clone.folder, "prod"),
    signatures: await readSignatures(clone.folder, "prod"),
    dryRun: readDryRun(),
  });
  addSummary(report.toMarkdown());
  report.requireNothingStuck();
}

function readDryRun(): boolean {
  // A workflow sets it to nothing if it was not started by hand.
  const value = readVariable("DRY_RUN") ?? "false";
  if (value === "true" || value === "false") return value === "true";
  throw new Fault(`DRY_RUN ${JSON.stringify(value)} is neither true nor false. Use one of them, or omit it.`);
}

/** A watch that has begun: the state of its origin with the commit of main, and what it found so far. */
type Watch = WatchOptions & plan.State & Readonly<{ origin: Origin; commit: string; report: WatchReport }>;

/**
 * Tags main for new versions of Pulumi, and re-releases tags whose images do not all exist. It acts on what is missing
 * only: a run after a failed one catches up, a run after a complete one does nothing.
 * @throws {Fault} if GitHub, git or the clone's files cannot be used. An unreadable registry is only reported
 */
export async function watch(options: WatchOptions): Promise<WatchReport> {
  const { clone, config, dryRun } = options;
  logHeading(`Watching ${config.repository.owner}/${config.repository.repo}${dryRun ? ": a dry run" : ""}`);
  const report = new WatchReport(dryRun);
  const origin = new Origin(clone);
  const gitTags = await origin.tags();
  const commit = await origin.fetch();
  log("main", commit);
  const state = { gitTags, firstVersion: config.firstVersion, withdrawn: await readWithdrawnOnMain(clone) };
  const begun = { ...options, ...state, origin, commit, report };
  await releaseAgain(begun, await tagNewVersions(begun));
  return report;
}

/** Tags main for each version that Pulumi has released and that has no tag yet. Returns these tags. */
async function tagNewVersions(begun: Watch): Promise<string[]> {
  const { octokit, config, pulumiReleases, signatures, dryRun, origin, commit, report } = begun;
  const parameters = { ...config.repository, per_page: 100 };
  const releases = await octokit.paginate("GET /repos/{owner}/{repo}/releases", parameters);
  const wanted = plan.wantedVersions(releases, begun);
  log("releases", `${releases.length}, ${wanted.length} of them to release here, from ${config.firstVersion} on`);
  const waiting: string[] = [];
  for (const version of plan.untaggedVersions(wanted, begun.gitTags)) {
    const reason = await whyNotBuildable(version, pulumiReleases, signatures);
    if (reason === undefined) continue;
    waiting.push(version);
    report.add(plan.isOverdue(version, releases, new Date()) ? "overdue" : "waiting", `v${version}`, reason);
  }
  const tags = plan.tagsToPush(wanted, waiting, begun);
  if (tags.length === 0) log("tags", "none to push");
  for (const group of plan.splitIntoPushes(tags)) {
    const pushed = dryRun ? group : await origin.push(commit, group);
    for (const tag of group) {
      if (pushed.includes(tag)) report.add("pushed", tag, commit);
      else report.add("createdMeanwhile", tag, "left unchanged");
    }
  }
  return tags;
}

const workflow = "release.yml";

/** Dispatches the release workflow for tags whose images do not all exist, except tags that were just pushed. */
async function releaseAgain(begun: Watch, pushed: readonly string[]): Promise<void> {
  const { octokit, repository, dryRun, report } = begun;
  const incomplete = await findIncomplete(begun, pushed);
  if (incomplete.length === 0) return;
  const runs = await listRuns(begun);
  const remedies = plan.limitDispatches(incomplete.map(({ tag }) => plan.remedyOf(tag, runs)));
  for (const [index, { tag, missing }] of incomplete.entries()) {
    const { kind, url } = remedies[index]!;
    if (kind === "dispatch" && !dryRun) {
      // From main: the workflow at an old tag may be what failed.
      const run = { workflow_id: workflow, ref: "main", inputs: { tag } };
      await octokit.rest.actions.createWorkflowDispatch({ ...repository, ...run });
    }
    report.add(kind, tag, `missing ${missing.join(", ")}${url === undefined ? "" : `; ${url}`}`);
  }
}

/** Finds the tags that have not all their images, with the languages that are missing. */
async function findIncomplete(begun: Watch, pushed: readonly string[]): Promise<{ tag: string; missing: string[] }[]> {
  const { clone, origin, withdrawn, report } = begun;
  const [dev, prod] = [await readStackRegistry(clone.folder, "dev"), await readStackRegistry(clone.folder, "prod")];
  const images = new PublishedImages(origin, { dev, prod }, withdrawn);
  const tags = plan.tagsToCheck(begun, pushed);
  const incomplete = [];
  // Sequential, because registries limit the requests of anonymous clients.
  for (const tag of tags) {
    try {
      const missing = await images.missingLanguages(tag);
      if (missing.length > 0) incomplete.push({ tag, missing });
    } catch (error) {
      report.add("unknown", tag, messageOf(error));
    }
  }
  const complete = tags.length - incomplete.length - report.of("unknown").length;
  log("released", `${complete} of ${tags.length} tags are complete`);
  return incomplete;
}

/** Lists the newest 200 runs: enough for three attempts of a release, however many releases run at once. */
async function listRuns({ octokit, repository }: WatchOptions): Promise<plan.WorkflowRun[]> {
  const parameters = { ...repository, workflow_id: workflow, per_page: 100 };
  let count = 0;
  return octokit.paginate(octokit.rest.actions.listWorkflowRuns, parameters, ({ data }, done) => {
    count += data.length;
    if (count >= 200) done();
    return data;
  });
}
