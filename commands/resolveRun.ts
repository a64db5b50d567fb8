import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { type Release, requireRelease } from "../images/gitTag";
import { requireReleasable } from "../images/releasable";
import { type Withdrawn, parseWithdrawn, withdrawnFile } from "../images/withdrawals";
import { Fault } from "../lib/errors";
import { type Clone, gitMessage } from "../lib/git";
import { log } from "../lib/log";

/**
 * Decides what a run for a git tag releases, by the origin's tags and main's withdrawn versions, which the checkout gets too.
 * @param event GitHub's name of the event that started the run; undefined if a person did
 * @returns undefined if the tag was pushed again at another commit: that push has a run of its own
 * @throws {Fault} if the tag may not be released
 */
export async function resolveRun(gitTag: string, clone: Clone, event?: string): Promise<Release | undefined> {
  // First, because it needs no network.
  requireRelease(gitTag);
  const withdrawn = await readWithdrawnOnMain(clone);
  const tags = await clone.remoteTags();
  const release = requireReleasable(gitTag, { gitTags: [...tags.keys()], withdrawn });
  if (event === "workflow_dispatch" && !tags.has(gitTag)) {
    throw new Fault(`The repository has no tag ${gitTag}. Push it: that releases it.`);
  }
  const head = await clone.commit("HEAD");
  const tagged = tags.get(gitTag);
  if (event === "push" && tagged !== undefined && tagged !== head) {
    log(gitTag, `now at ${tagged}, this run is for ${head}: the run of the later push releases it`);
    return undefined;
  }
  await checkOutWithdrawn(clone, withdrawn);
  return release;
}

/** Reads main's withdrawn versions: an old commit lacks newer ones. @throws {Fault} if origin/main has no valid list */
export async function readWithdrawnOnMain(clone: Clone): Promise<Withdrawn> {
  const text = await clone.git("show", `origin/main:${withdrawnFile}`).catch((error: unknown) => {
    if (error instanceof Fault) throw error;
    throw new Fault(
      `origin/main has no ${withdrawnFile}: ${gitMessage(error)}\nFetch the branch: git fetch origin main.`,
    );
  });
  return parseWithdrawn(text, `${withdrawnFile} of origin/main`);
}

/** Replaces the list of the checkout, which the program reads. Refuses to overwrite uncommitted changes. */
async function checkOutWithdrawn(clone: Clone, withdrawn: Withdrawn): Promise<void> {
  const file = join(clone.folder, withdrawnFile);
  if (isDeepStrictEqual(parseWithdrawn(await readFile(file, "utf8"), withdrawnFile), withdrawn)) return;
  if ((await clone.git("status", "--porcelain", "--", file)) !== "") {
    throw new Fault(
      `${file} has uncommitted changes and would be overwritten by main's list. Commit them to main, or discard them: ` +
        `git checkout ${file}`,
    );
  }
  await writeFile(file, JSON.stringify(withdrawn, null, 2) + "\n");
  log("withdrawn.json", "replaced by main's list, which differs from this commit's");
}
