import { requireRelease } from "../images/gitTag";
import type { Target } from "./target";

/** Writes the config of a git tag's stack, to run plain pulumi by hand; throws a Fault if the tag may not be released. */
export async function configure(target: Target, gitTag: string): Promise<void> {
  await target.prepare((await target.resolve(gitTag)) ?? requireRelease(gitTag), []);
}
