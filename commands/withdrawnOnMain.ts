import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { type Withdrawn, parseWithdrawn, withdrawnFile } from "../images/withdrawals";
import { Fault } from "../lib/errors";
import { type Clone, gitMessage } from "../lib/git";
import { log } from "../lib/log";

/**
 * Reads the withdrawn versions from the origin's main branch: an old commit does not know what was withdrawn since.
 * @throws {Fault} if the clone does not have that branch or if the list is invalid
 */
export async function readWithdrawnOnMain(clone: Clone): Promise<Withdrawn> {
  const text = await clone.git("show", `origin/main:${withdrawnFile}`).catch((error: unknown) => {
    if (error instanceof Fault) throw error;
    throw new Fault(
      `origin/main has no ${withdrawnFile}: ${gitMessage(error)}\nFetch the branch: git fetch origin main.`,
    );
  });
  return parseWithdrawn(text, `${withdrawnFile} of origin/main`);
}

/**
 * Replaces the checkout's list of withdrawn versions, which the program reads, by main's.
 * @throws {Fault} if that would overwrite uncommitted changes
 */
export async function checkOutWithdrawn(clone: Clone, withdrawn: Withdrawn): Promise<void> {
  const file = join(clone.folder, withdrawnFile);
  if (isDeepStrictEqual(JSON.parse(await readFile(file, "utf8")), withdrawn)) return;
  const changed = await clone.git("status", "--porcelain", "--", file);
  if (changed !== "") {
    throw new Fault(
      `${file} has uncommitted changes and would be overwritten by main's list. Commit them to main, or discard them: ` +
        `git checkout ${file}`,
    );
  }
  await writeFile(file, JSON.stringify(withdrawn, null, 2) + "\n");
  log("withdrawn.json", "replaced by main's list, which differs from this commit's");
}
