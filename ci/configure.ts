import { readFile, writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

import { execa } from "execa";

import type { Release } from "../images/release";
import type { Withdrawn } from "../images/withdrawals";
import { decide } from "./decide";
import { Fault } from "./fault";
import type { Clone } from "./git";
import { say } from "./say";
import { writeOutputs } from "./workflowFiles";

/**
 * Turns a git tag into the config of the stack that releases it: selects the stack, sets `pulumiVersion` and `tag`, and
 * gives the workflow step the outputs `stack`, `pulumiVersion` and `tag`. Does nothing where a later push of the same tag
 * has a run of its own. Throws a Fault where the tag is refused or the stack cannot be selected.
 */
export async function configure(gitTag: string, clone: Clone): Promise<void> {
  const release = await decideRun(gitTag, clone, process.env["GITHUB_EVENT_NAME"]);
  if (release === undefined) return;
  await configureStack(release, clone.folder);
  say(gitTag, `Pulumi ${release.pulumiVersion} on stack ${release.stack}, image tag ${release.tag}`);
  writeOutputs({ stack: release.stack, pulumiVersion: release.pulumiVersion, tag: release.tag });
}

/**
 * Decides what a run for a git tag releases; undefined where a later push of the same tag has a run of its own, which
 * comes before or after this one. Tags are those of the origin as it is now, and the withdrawn versions those of its main
 * branch, which the checkout gets too. Throws a Fault where the tag is refused.
 * @param event what started the run, by GitHub's name for it; undefined is a person
 */
export async function decideRun(gitTag: string, clone: Clone, event: string | undefined): Promise<Release | undefined> {
  // Before the origin is asked for anything: a tag of another form.
  decide(gitTag, { gitTags: [], withdrawn: {} });
  const withdrawn = await clone.withdrawnOnMain();
  const tags = await clone.remoteTags();
  const release = decide(gitTag, { gitTags: [...tags.keys()], withdrawn });
  if (event === "workflow_dispatch" && !tags.has(gitTag)) {
    throw new Fault(`There is no tag ${gitTag} in the repository. Push it: that releases it.`);
  }
  const head = await clone.commit("HEAD");
  const tagged = tags.get(gitTag);
  if (event === "push" && tagged !== undefined && tagged !== head) {
    say(gitTag, `is at ${tagged} now, and this is ${head}: the run of the later push releases it`);
    return undefined;
  }
  await takeWithdrawn(clone, withdrawn);
  return release;
}

/** Selects the stack of a release and writes its config, `pulumiVersion` and `tag`, to the stack's file in the folder. */
export async function configureStack({ stack, pulumiVersion, tag }: Release, folder: string): Promise<void> {
  const name = [process.env["PULUMI_ORGANIZATION"], stack].filter(Boolean).join("/");
  const select = await execa("pulumi", ["stack", "select", name, "--non-interactive"], { cwd: folder, reject: false });
  if (select.failed) {
    const reason = select.stderr.trim() || select.shortMessage;
    throw new Fault(
      `Stack ${name} cannot be selected: ${reason}\nCreate it once: see docs/maintaining.md, "Set up once".`,
    );
  }
  const values = { pulumiVersion, tag };
  const pairs = Object.entries(values).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
  await execa("pulumi", ["config", "set-all", ...pairs, "--non-interactive"], { cwd: folder });
}

/**
 * Puts main's list of withdrawn versions into the checkout, where the program reads it: an old commit that is released
 * again does not know what was withdrawn since.
 */
async function takeWithdrawn(clone: Clone, withdrawn: Withdrawn): Promise<void> {
  if (isDeepStrictEqual(JSON.parse(await readFile(clone.withdrawnFile, "utf8")), withdrawn)) return;
  const changed = await clone.git("status", "--porcelain", "--", clone.withdrawnFile);
  if (changed !== "") {
    throw new Fault(
      `${clone.withdrawnFile} has changes that are not committed, and main's list is to stand there. Commit them to ` +
        `main, or drop them: git checkout ${clone.withdrawnFile}.`,
    );
  }
  await writeFile(clone.withdrawnFile, JSON.stringify(withdrawn, null, 2) + "\n");
  say("withdrawn.json", "that of main: this commit has another one");
}
