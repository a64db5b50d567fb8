import type { Octokit } from "@octokit/rest";

import type { SignaturePolicy } from "../../images/signature";
import type { Withdrawn } from "../../images/withdrawals";
import { Fault } from "../../lib/errors";
import type { Clone } from "../../lib/git";
import { gitHubFromEnvironment, partsOf, repositoryFromEnvironment } from "../../lib/github";
import { logHeading, log } from "../../lib/log";
import { readWithdrawnOnMain } from "../withdrawnOnMain";
import { readPulumiReleases, readSignatures } from "../stackFile";
import { whyNotBuildable } from "./artefacts";
import { type WatchConfig, readWatchConfig } from "./config";
import { ReleasedImages } from "./images";
import { Origin, type Pushed } from "./origin";
import {
  type WorkflowRun,
  hoursToWait,
  inPushes,
  limitDispatches,
  overdueVersions,
  remedyOf,
  tagsToCheck,
  tagsToPush,
  triesOfARelease,
  untaggedVersions,
  wantedVersions,
} from "./plan";
import { type FailedRelease, type WatchReport, failedWith, toMarkdown } from "./report";
import { addSummary } from "../../lib/githubActions";

/** What a watch works with. */
export interface WatchOptions {
  /** A clone whose origin is tagged. Its login for git decides whether the tags start workflows. */
  readonly clone: Clone;
  readonly octokit: Octokit;
  /** The repository on GitHub that the clone is of, owner/name: its release workflow is dispatched. */
  readonly repository: string;
  readonly config: WatchConfig;
  /** The URL prefix that the build gets Pulumi's archives from. */
  readonly pulumiReleases: string;
  /** What the build asks of the signatures of Pulumi's releases. */
  readonly signatures: SignaturePolicy;
  /** Only say what would be pushed and dispatched. */
  readonly dryRun: boolean;
}

/**
 * Tags the head of main for each version that Pulumi has released and that has no tag yet, and dispatches releases again
 * whose tag exists but whose images do not. What is done is the difference between what should be and what is, so that a
 * later run makes up for one that failed, and finds nothing to do after one that did not. Throws a Fault where GitHub,
 * Git's origin or the files of the clone cannot be used; a registry or a version that cannot be read is reported.
 */
export async function watch(options: WatchOptions): Promise<WatchReport> {
  logHeading(`Watching ${options.config.repository}${options.dryRun ? ": a dry run" : ""}`);
  const origin = new Origin(options.clone);
  const commit = await origin.fetchMain();
  const withdrawn = await readWithdrawnOnMain(options.clone);
  const gitTags = await origin.tags();
  const { waiting, overdue, ...pushed } = await tagNewVersions(options, { origin, commit, withdrawn, gitTags });
  const { failed, untold } = await releaseAgain(options, { origin, withdrawn, gitTags, pushed });
  return { dryRun: options.dryRun, commit, ...pushed, waiting, overdue, failed, untold };
}

/** What is known of the repository when a watch begins. */
interface Known {
  readonly origin: Origin;
  readonly withdrawn: Withdrawn;
  readonly gitTags: readonly string[];
}

async function tagNewVersions(
  { octokit, config, pulumiReleases, signatures, dryRun }: WatchOptions,
  { origin, commit, withdrawn, gitTags }: Known & { readonly commit: string },
): Promise<Pushed & Pick<WatchReport, "waiting" | "overdue">> {
  const releases = await octokit.paginate("GET /repos/{owner}/{repo}/releases", {
    ...partsOf(config.repository),
    per_page: 100,
  });
  const wanted = wantedVersions(releases, { firstVersion: config.firstVersion, withdrawn });
  log("releases", `${releases.length}, of which ${wanted.length} are to be released from ${config.firstVersion} on`);
  const waiting: Record<string, string> = {};
  for (const version of untaggedVersions(wanted, gitTags)) {
    const why = await whyNotBuildable(version, pulumiReleases, signatures);
    if (why === undefined) continue;
    log(`v${version}`, `waits: ${why}`);
    waiting[version] = why;
  }
  const tags = tagsToPush(wanted, Object.keys(waiting), { gitTags, withdrawn });
  const overdue = overdueVersions(Object.keys(waiting), releases, new Date());
  return { ...(await push(origin, commit, tags, dryRun)), waiting, overdue };
}

async function push(origin: Origin, commit: string, tags: readonly string[], dryRun: boolean): Promise<Pushed> {
  if (tags.length === 0) log("tags", "none to push");
  const done: Pushed[] = [];
  for (const group of inPushes(tags)) {
    log(dryRun ? "would push" : "pushing", `${group.join(", ")} for ${commit}`);
    done.push(dryRun ? { pushed: group, madeMeanwhile: [] } : await origin.push(commit, group));
  }
  const madeMeanwhile = done.flatMap((one) => one.madeMeanwhile);
  for (const tag of madeMeanwhile) log(tag, "was made by somebody else meanwhile, and is left as it is");
  return { pushed: done.flatMap((one) => one.pushed), madeMeanwhile };
}

async function releaseAgain(
  options: WatchOptions,
  known: Known & { readonly pushed: Pushed },
): Promise<Pick<WatchReport, "failed" | "untold">> {
  const { incomplete, untold } = await findIncomplete(options, known);
  if (incomplete.length === 0) return { failed: [], untold };
  const runs = await listRuns(options);
  const failed = limitDispatches(incomplete.map((release) => ({ ...release, remedy: remedyOf(release.gitTag, runs) })));
  for (const release of failed) await applyRemedy(release, options);
  return { failed, untold };
}

type Incomplete = Pick<FailedRelease, "gitTag" | "missing">;

async function findIncomplete(
  { clone, config: { firstVersion } }: WatchOptions,
  { origin, withdrawn, gitTags, pushed }: Known & { readonly pushed: Pushed },
): Promise<{ incomplete: Incomplete[]; untold: WatchReport["untold"] }> {
  const images = await ReleasedImages.open(origin, clone.folder, withdrawn);
  const tags = tagsToCheck({ gitTags, firstVersion, withdrawn }, [...pushed.pushed, ...pushed.madeMeanwhile]);
  if (tags.length > 0) await origin.fetchTags();
  const incomplete: Incomplete[] = [];
  const untold: Record<string, string> = {};
  // One after the other: with every language at once, that is as much as a registry should be asked by somebody unnamed.
  for (const gitTag of tags) {
    const found = await images.completeness(gitTag);
    if ("untold" in found) untold[gitTag] = found.untold;
    else if (found.missing.length > 0) incomplete.push({ gitTag, missing: found.missing });
  }
  for (const [gitTag, why] of Object.entries(untold)) log(gitTag, `cannot be told to be complete: ${why}`);
  log(
    "released",
    `${tags.length - incomplete.length - Object.keys(untold).length} of ${tags.length} tags are complete`,
  );
  return { incomplete, untold };
}

const workflow = "release.yml";
/** Three tries of a release are among them, however many are released at once. */
const newestRuns = 200;

async function listRuns({ octokit, repository }: WatchOptions): Promise<WorkflowRun[]> {
  const parameters = { ...partsOf(repository), workflow_id: workflow, per_page: 100 };
  let count = 0;
  return octokit.paginate(octokit.rest.actions.listWorkflowRuns, parameters, ({ data }, done) => {
    count += data.length;
    if (count >= newestRuns) done();
    return data;
  });
}

async function applyRemedy({ gitTag, missing, remedy }: FailedRelease, options: WatchOptions): Promise<void> {
  const what = `has no image of ${missing.join(", ")}`;
  if (remedy.kind === "under way") log(gitTag, `${what}, and is being released: ${remedy.url}`);
  else if (remedy.kind === "later") log(gitTag, `${what}: a later run of the watch releases it again`);
  else if (remedy.kind === "failing") log(gitTag, `${what}, and failed ${triesOfARelease} times: ${remedy.url}`);
  else if (options.dryRun) log(gitTag, `${what}: would be released again`);
  else {
    log(gitTag, `${what}: releasing it again`);
    const inputs = { tag: gitTag };
    // From main: the workflow of an old tag's own commit may be what failed.
    const which = { ...partsOf(options.repository), workflow_id: workflow, ref: "main", inputs };
    await options.octokit.rest.actions.createWorkflowDispatch(which);
  }
}

/**
 * Watches as the environment says: GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_TOKEN, DRY_RUN, and the files of the
 * checkout. Adds a summary to GITHUB_STEP_SUMMARY. Throws a Fault where one of them cannot be used, and, when all is
 * done, where a release keeps failing or a version waits for too long: somebody has to look at it.
 */
export async function watchFromEnvironment(clone: Clone): Promise<void> {
  const repository = repositoryFromEnvironment();
  const { DRY_RUN: dryRun = "" } = process.env;
  // Empty is what a workflow makes of an input that it was not started with.
  if (!["true", "false", ""].includes(dryRun)) {
    throw new Fault(`DRY_RUN ${JSON.stringify(dryRun)} is neither true nor false. Give one of them, or leave it out.`);
  }
  const report = await watch({
    clone,
    octokit: gitHubFromEnvironment(),
    repository,
    config: await readWatchConfig(clone.folder),
    pulumiReleases: await readPulumiReleases(clone.folder),
    signatures: await readSignatures(clone.folder, "prod"),
    dryRun: dryRun === "true",
  });
  addSummary(toMarkdown(report));
  requireNothingStuck(report);
}

/** Throws a Fault that names the releases that keep failing and the versions that wait for too long, where there are any. */
export function requireNothingStuck(report: WatchReport): void {
  const faults = [...overdueFaults(report), ...failingFaults(report)];
  if (faults.length > 0) throw new Fault(faults.join("\n"));
}

function overdueFaults({ overdue, waiting }: WatchReport): string[] {
  if (overdue.length === 0) return [];
  const lines = overdue.map((version) => `v${version}: ${waiting[version]}`);
  return [
    `Pulumi published these more than ${hoursToWait} hours ago, and they still cannot be built:\n${lines.join("\n")}\n` +
      `Find out why: docs/maintaining.md, "A release's signature is refused". ` +
      `To give a version up, add it with the reason to images/withdrawn.json.`,
  ];
}

function failingFaults(report: WatchReport): string[] {
  const failing = failedWith(report, "failing");
  if (failing.length === 0) return [];
  const lines = failing.map(
    ({ gitTag, missing, remedy }) => `${gitTag} (missing: ${missing.join(", ")}): ${remedy.url}`,
  );
  return [
    `Releases failed ${triesOfARelease} times in a row and are not tried again by themselves:\n${lines.join("\n")}\n` +
      `Mend what the runs say, then release each again: gh workflow run ${workflow} --ref main --field tag=<tag>. ` +
      `To give a version up, add it with the reason to images/withdrawn.json.`,
  ];
}
