import { requireRelease } from "../images/gitTag";
import type { Target } from "./target";

/** Selects and configures the stack of a git tag, to run plain pulumi by hand. */
export async function configure(target: Target, gitTag: string): Promise<void> {
  await target.prepare((await target.resolve(gitTag)) ?? requireRelease(gitTag), []);
}
