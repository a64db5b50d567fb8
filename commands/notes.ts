import type { Octokit } from "@octokit/rest";

import { Fault } from "../lib/errors";
import { partsOf } from "../lib/github";
import { log } from "../lib/log";

/**
 * Writes the notes of a release on GitHub, under its git tag; those of an earlier run are replaced. Throws a GitHubFault
 * where GitHub does not take them.
 */
export async function publishNotes(octokit: Octokit, repository: string, tag: string, body: string): Promise<void> {
  const { owner, repo } = partsOf(repository);
  // Where a tag is deleted, GitHub makes a draft of its notes, which only a list shows.
  const all = await octokit.paginate(octokit.rest.repos.listReleases, { owner, repo, per_page: 100 });
  const own = all.filter(({ tag_name }) => tag_name === tag);
  const existing = own.find(({ draft }) => !draft) ?? own[0];
  // The notes of an older version may come later: GitHub is to call the highest version its latest, not the newest notes.
  const notes = { owner, repo, tag_name: tag, name: tag, body, draft: false, make_latest: "legacy" as const };
  if (existing === undefined) await octokit.rest.repos.createRelease({ ...notes, request: { retries: 0 } });
  else await octokit.rest.repos.updateRelease({ ...notes, release_id: existing.id });
  log("release notes", `${existing === undefined ? "written" : "written again"} for ${tag}`);
}

/** The notes of the environment: TAG, and NOTES as JSON, which is one line. Throws a Fault where they are none. */
export function notesFromEnvironment(env: NodeJS.ProcessEnv = process.env): { tag: string; body: string } {
  const { TAG: tag = "", NOTES: notes = "" } = env;
  try {
    const body: unknown = JSON.parse(notes);
    if (tag !== "" && typeof body === "string") return { tag, body };
  } catch {
    // No JSON: as no text.
  }
  throw new Fault(
    `TAG ${JSON.stringify(tag)} and NOTES of ${notes.length} characters are no release notes. Give both.`,
  );
}
