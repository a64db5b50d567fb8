import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";
import * as semver from "semver";

import { type Release, parseGitTag } from "../../images/gitTag";
import { readWithdrawn, withdrawnReason } from "../../images/withdrawals";
import { configureStack } from "../stackTarget";
import { Fault } from "../../lib/errors";
import type { Clone } from "../../lib/git";
import { logHeading, log } from "../../lib/log";

/** The stacks that a change is previewed on. */
export const reviewedStacks = ["dev", "prod"] as const;

/** The file that a review is written to, as Markdown. */
export function reviewFile(logs: string, stack: string): string {
  return join(logs, `review-${stack}.md`);
}

/**
 * Previews what the checkout would change on a stack, with the newest tag that was released there as config, and writes
 * it as Markdown to a file in the folder of logs. Throws a Fault where the stack is none of the two, where nothing was
 * released there yet, and where the preview fails.
 */
export async function review(stack: string | undefined, clone: Clone, logs: string): Promise<void> {
  if (!reviewedStacks.some((name) => name === stack)) {
    throw new Fault(`STACK ${JSON.stringify(stack ?? "")} is not one of ${reviewedStacks.join(", ")}.`);
  }
  mkdirSync(logs, { recursive: true });
  const [gitTag, release] = newestRelease(stack ?? "", [...(await clone.remoteTags()).keys()]);
  log(gitTag, `the newest tag that was released on stack ${release.stack}`);
  await configureStack(release, clone.folder);
  logHeading("pulumi preview");
  const preview = await execa(
    "pulumi",
    ["preview", "--diff", "--suppress-progress", "--suppress-outputs", "--non-interactive", "--color=never"],
    { cwd: clone.folder, all: true, reject: false },
  );
  writeFileSync(join(logs, "pulumi.log"), preview.all);
  const text = readable(preview.all);
  console.log(text);
  writeFileSync(reviewFile(logs, release.stack), describe(release.stack, gitTag, text, preview.failed));
  if (preview.failed) throw new Fault("pulumi preview failed, see above. Nothing was published.");
}

/** The newest tag of a stack that is not withdrawn, and what it releases; of prod, `vX.Y.Z`, never `latest-vX.Y.Z`. */
export function newestRelease(stack: string, gitTags: readonly string[]): [string, Release] {
  const own = gitTags.flatMap((gitTag): [string, Release][] => {
    const release = parseGitTag(gitTag);
    if (release === undefined || release.stack !== stack || release.tag === "latest") return [];
    return withdrawnReason(release.pulumiVersion, readWithdrawn()) === undefined ? [[gitTag, release]] : [];
  });
  const [newest] = own.sort(([, a], [, b]) => semver.rcompare(a.pulumiVersion, b.pulumiVersion));
  if (newest !== undefined) return newest;
  const form = stack === "dev" ? "dev-vX.Y.Z" : "vX.Y.Z";
  throw new Fault(`No release of stack ${stack} to compare with: the repository has no tag ${form}. Push one.`);
}

/** What pulumi says without the lines of the builds' logs, and with a resource's name in the place of its identities. */
export function readable(output: string): string {
  const log = /^(#\d+( .*)?|\s*\[(id|provider)=.*\])$/;
  const lines = output.split("\n").filter((line) => !log.test(line));
  return lines
    .join("\n")
    .replace(/\[urn=\S*::([^\]]+)\]/g, "[$1]")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** GitHub takes comments of 65,536 characters, and there are two stacks in one. */
const longest = 30_000;

function describe(stack: string, gitTag: string, text: string, failed: boolean): string {
  const counts = /^Resources:\n((?: +.*\n?)+)/m.exec(text)?.[1]?.trim().split(/\n */).join(", ");
  const cut = text.length > longest ? `… the end of a longer text\n${text.slice(-longest)}` : text;
  // The fence is longer than any that a Dockerfile in the text would have.
  return [
    `### Stack ${stack}, \`${gitTag}\`: ${failed ? "the preview failed" : (counts ?? "no changes")}`,
    `<details><summary>pulumi preview --diff</summary>\n\n${"`".repeat(8)}text\n${cut}\n${"`".repeat(8)}\n\n</details>`,
  ].join("\n\n");
}
