import { requireRelease } from "../images/gitTag";
import type { Target } from "./target";

/**
 * Turns a git tag into the config of its stack, for running plain pulumi by hand.
 * @throws {Fault} if the tag may not be released or the stack cannot be selected
 */
export async function configure(target: Target, gitTag: string): Promise<void> {
  const release = (await target.resolve(gitTag)) ?? requireRelease(gitTag);
  await target.prepare(release, []);
}
