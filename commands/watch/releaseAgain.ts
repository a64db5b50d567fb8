import { messageOf } from "../../lib/errors";
import { log } from "../../lib/log";
import type { OriginState, WatchOptions } from "./options";
import { type WorkflowRun, limitDispatches, remedyOf, tagsToCheck } from "./plan";
import { PublishedImages } from "./publishedImages";
import type { WatchReport } from "./report";

const workflow = "release.yml";

/**
 * Dispatches the release workflow for tags whose images do not all exist.
 * @param pushed tags of this run, whose releases have only begun
 */
export async function releaseAgain(
  options: WatchOptions,
  state: OriginState,
  pushed: readonly string[],
  report: WatchReport,
): Promise<void> {
  const incomplete = await findIncomplete(options, state, pushed, report);
  if (incomplete.length === 0) return;
  const runs = await listRuns(options);
  const releases = incomplete.map((release) => ({ ...release, remedy: remedyOf(release.gitTag, runs) }));
  for (const { gitTag, missing, remedy } of limitDispatches(releases)) {
    if (remedy.kind === "dispatch" && !options.dryRun) await dispatch(gitTag, options);
    report.add(remedy.kind, gitTag, `missing ${missing.join(", ")}${"url" in remedy ? `; ${remedy.url}` : ""}`);
  }
}

interface IncompleteRelease {
  readonly gitTag: string;
  /** The languages whose image is missing. */
  readonly missing: readonly string[];
}

async function findIncomplete(
  { clone, config: { firstVersion } }: WatchOptions,
  { origin, withdrawn, gitTags }: OriginState,
  pushed: readonly string[],
  report: WatchReport,
): Promise<IncompleteRelease[]> {
  const images = await PublishedImages.open(origin, clone.folder, withdrawn);
  const tags = tagsToCheck({ gitTags, firstVersion, withdrawn }, pushed);
  if (tags.length > 0) await origin.fetchTags();
  const incomplete: IncompleteRelease[] = [];
  // Sequential: each tag queries all languages in parallel, and registries limit anonymous clients.
  for (const gitTag of tags) {
    try {
      const missing = await images.missingLanguages(gitTag);
      if (missing.length > 0) incomplete.push({ gitTag, missing });
    } catch (error) {
      report.add("unknown", gitTag, messageOf(error));
    }
  }
  const complete = tags.length - incomplete.length - report.of("unknown").length;
  log("released", `${complete} of ${tags.length} tags are complete`);
  return incomplete;
}

/** Enough for three attempts of a release, however many releases run at once. */
const newestRuns = 200;

async function listRuns({ octokit, repository }: WatchOptions): Promise<WorkflowRun[]> {
  const parameters = { ...repository, workflow_id: workflow, per_page: 100 };
  let count = 0;
  return octokit.paginate(octokit.rest.actions.listWorkflowRuns, parameters, ({ data }, done) => {
    count += data.length;
    if (count >= newestRuns) done();
    return data;
  });
}

async function dispatch(gitTag: string, { octokit, repository }: WatchOptions): Promise<void> {
  // From main: the workflow at an old tag may be what failed.
  const run = { workflow_id: workflow, ref: "main", inputs: { tag: gitTag } };
  await octokit.rest.actions.createWorkflowDispatch({ ...repository, ...run });
}
