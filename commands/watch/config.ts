import { join } from "node:path";

import { isPulumiVersion } from "../../images/gitTag";
import { Fault, listProblems } from "../../lib/errors";
import { type Repository, parseRepository } from "../../lib/github";
import { asObject, readParsed } from "../stackFile";

/** Which releases are watched. */
export interface WatchConfig {
  /** The repository whose releases are watched. */
  readonly repository: Repository;
  /** The first version that is released here, X.Y.Z. Older ones are left as they are. */
  readonly firstVersion: string;
}

/**
 * Reads commands/watch/watched.json of a checkout.
 * @throws {Fault} that names every problem at once
 */
export async function readWatchConfig(folder: string): Promise<WatchConfig> {
  const file = join(folder, "commands", "watch", "watched.json");
  const {
    repository: name,
    firstVersion,
    ...others
  } = asObject(await readParsed(file, (text) => JSON.parse(text) as unknown));
  const problems = Object.keys(others).map((key) => `Unknown key ${JSON.stringify(key)}. Remove it.`);
  const repository = parseRepository(name);
  if (repository === undefined) {
    problems.push(`repository ${JSON.stringify(name)} is not owner/name. Use a name such as pulumi/pulumi.`);
  }
  if (typeof firstVersion !== "string" || !isPulumiVersion(firstVersion)) {
    problems.push(`firstVersion ${JSON.stringify(firstVersion)} is not a version. Use X.Y.Z, such as 3.66.0.`);
  }
  if (problems.length > 0) throw new Fault(listProblems(`${file} is invalid:`, problems));
  return { repository: repository as Repository, firstVersion: firstVersion as string };
}
