import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { Release } from "../images/gitTag";
import { requireRelease } from "../images/gitTag";
import { requireReleasable } from "../images/releasable";
import { Fault } from "../lib/errors";
import type { Clone } from "../lib/git";
import { log } from "../lib/log";
import { readStackRegistry } from "./stackFile";
import type { Target } from "./target";
import { checkOutWithdrawn, readWithdrawnOnMain } from "./withdrawnOnMain";

/** The stack of dev or prod, as its file in the checkout describes it and as CI runs it. */
export function stackTarget(stack: "dev" | "prod", clone: Clone): Target {
  const logs = join(clone.folder, ".local");
  return {
    stack,
    resolve: (gitTag = "") => resolveRun(gitTag, clone, process.env["GITHUB_EVENT_NAME"]),
    registry: () => readStackRegistry(clone.folder, stack),
    prepare: async (release, languages) => {
      mkdirSync(logs, { recursive: true });
      await configureStack(release, clone.folder);
      return { folder: clone.folder, env: process.env, logs, languages };
    },
  };
}

/**
 * Decides what a run for a git tag releases. Reads the origin's tags as they are now and main's withdrawn versions, which
 * the checkout gets too.
 * @param event GitHub's name of the event that started the run; undefined if a person did
 * @returns undefined if the tag was pushed again at another commit: that push has a run of its own
 * @throws {Fault} if the tag may not be released
 */
export async function resolveRun(
  gitTag: string,
  clone: Clone,
  event: string | undefined,
): Promise<Release | undefined> {
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

/**
 * Selects a release's stack and sets `pulumiVersion` and `tag` in the stack's file.
 * @throws {Fault} if the stack cannot be selected
 */
export async function configureStack({ stack, pulumiVersion, tag }: Release, folder: string): Promise<void> {
  await selectStack(stack, folder);
  const values = Object.entries({ pulumiVersion, tag });
  const pairs = values.flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
  await execa("pulumi", ["config", "set-all", ...pairs, "--non-interactive"], { cwd: folder });
  log(stack, `Pulumi ${pulumiVersion}, image tag ${tag}`);
}

/**
 * Selects a stack of the organization in PULUMI_ORGANIZATION, if it is set.
 * @throws {Fault} if it cannot be selected
 */
export async function selectStack(stack: string, folder: string): Promise<void> {
  const name = [process.env["PULUMI_ORGANIZATION"], stack].filter(Boolean).join("/");
  const select = await execa("pulumi", ["stack", "select", name, "--non-interactive"], { cwd: folder, reject: false });
  if (select.failed) {
    const reason = select.stderr.trim() || select.shortMessage;
    throw new Fault(
      `Could not select stack ${name}: ${reason}\nCreate it once: see docs/maintaining.md, "Set up once".`,
    );
  }
}
