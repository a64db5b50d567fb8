import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import type { Octokit } from "@octokit/rest";

import { Fault, messageOf } from "../lib/errors";
import { partsOf } from "../lib/github";
import { log } from "../lib/log";

/** Findings of a scanner, and the commit that they are reported for. */
export interface Findings {
  /** The file, in SARIF 2.1.0. */
  readonly file: string;
  /** What was scanned: findings of the same are replaced by the next report. */
  readonly category: string;
  readonly commit: string;
  readonly ref: string;
}

/**
 * Reports findings to a repository's code scanning. Throws a Fault where the file is no SARIF, and a GitHubFault where
 * GitHub does not take it. https://docs.github.com/en/rest/code-scanning/code-scanning#upload-an-analysis-as-sarif-data
 */
export async function uploadSarif(octokit: Octokit, repository: string, findings: Findings): Promise<void> {
  const { owner, repo } = partsOf(repository);
  const { file, category, commit, ref } = findings;
  const sarif = gzipSync(JSON.stringify(withCategory(file, category))).toString("base64");
  await octokit.rest.codeScanning.uploadSarif({ owner, repo, commit_sha: commit, ref, sarif });
  log("code scanning", `${category}: reported for ${commit}`);
}

/** Code scanning tells reports apart by the id of their runs' automation details. */
function withCategory(file: string, category: string): object {
  try {
    const { runs, ...others } = JSON.parse(readFileSync(file, "utf8")) as { runs: object[] };
    return { ...others, runs: runs.map((run) => ({ ...run, automationDetails: { id: `${category}/` } })) };
  } catch (error) {
    throw new Fault(`${file} is no SARIF: ${messageOf(error)}. Look what the scanner says.`);
  }
}

/** The findings that a workflow's environment names: SARIF, CATEGORY, GITHUB_SHA, GITHUB_REF. Throws a Fault where one is missing. */
export function findingsFromEnvironment(env: NodeJS.ProcessEnv = process.env): Findings {
  const { SARIF: file = "", CATEGORY: category = "", GITHUB_SHA: commit = "", GITHUB_REF: ref = "" } = env;
  const missing = Object.entries({ SARIF: file, CATEGORY: category, GITHUB_SHA: commit, GITHUB_REF: ref })
    .filter(([, value]) => value === "")
    .map(([name]) => name);
  if (missing.length === 0) return { file, category, commit, ref };
  throw new Fault(`${missing.join(", ")} not set. A workflow sets them; give them to report findings by hand.`);
}
