import { Fault } from "../lib/errors";
import { release } from "./release";
import type { Target } from "./target";

/**
 * Moves `latest` to the images that an older version's own tag serves: nothing is built, tested or pushed.
 * @throws {Fault} if the git tag is none of `latest`, if a newer version is not withdrawn, or if a language lacks the version
 */
export async function rollback(target: Target, gitTag: string): Promise<void> {
  if (!gitTag.startsWith("latest-v")) {
    throw new Fault(
      `Tag ${JSON.stringify(gitTag)} cannot be rolled back to. Use latest-vX.Y.Z, such as latest-v3.66.0.`,
    );
  }
  await release(target, gitTag, [], true);
}
