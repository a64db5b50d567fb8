import { existsSync, readFileSync } from "node:fs";

import type { Octokit } from "@octokit/rest";

import { Fault } from "../lib/errors";
import { isRepository, partsOf } from "../lib/github";
import { reviewFile, reviewedStacks } from "./review/review";
import { log } from "../lib/log";

/** By this a comment is found again. It does not show. */
const marker = "<!-- runner-pulumi: previews -->";

/** A pull request on GitHub. */
export interface PullRequest {
  /** The repository that it is for, owner/name. */
  readonly repository: string;
  readonly number: number;
}

/** The pull request of the environment: GITHUB_REPOSITORY, PULL_REQUEST. Throws a Fault where they name none. */
export function pullRequestFromEnvironment(env: NodeJS.ProcessEnv = process.env): PullRequest {
  const { GITHUB_REPOSITORY: repository = "", PULL_REQUEST: number = "" } = env;
  if (isRepository(repository) && /^[1-9]\d*$/.test(number)) return { repository, number: Number(number) };
  throw new Fault(
    `GITHUB_REPOSITORY ${JSON.stringify(repository)} and PULL_REQUEST ${JSON.stringify(number)} name no pull request. ` +
      `Give owner/name and a number.`,
  );
}

/**
 * Puts the reviews of both stacks, which are in the folder of logs, into one comment of a pull request: the one of an
 * earlier run where there is one. Throws a GitHubFault where GitHub does not take it.
 */
export async function comment(octokit: Octokit, { repository, number }: PullRequest, logs: string): Promise<void> {
  const { owner, repo } = partsOf(repository);
  const issue = { owner, repo, issue_number: number };
  const body = [marker, ...reviewedStacks.map((stack) => readReview(logs, stack))].join("\n\n");
  const comments = await octokit.paginate(octokit.rest.issues.listComments, { ...issue, per_page: 100 });
  const own = comments.find((existing) => existing.body?.startsWith(marker));
  if (own === undefined) {
    // Once only: a second try would make a second comment where the answer to the first got lost.
    await octokit.rest.issues.createComment({ ...issue, body, request: { retries: 0 } });
  } else {
    await octokit.rest.issues.updateComment({ owner, repo, comment_id: own.id, body });
  }
  log("comment", `${own === undefined ? "written" : "updated"} on ${repository}#${number}`);
}

function readReview(logs: string, stack: string): string {
  const file = reviewFile(logs, stack);
  if (existsSync(file)) return readFileSync(file, "utf8");
  return `### Stack ${stack}: no preview. The log of the run says why.`;
}
