import { join } from "node:path";

import { isPulumiVersion } from "../../images/gitTag";
import { Fault } from "../../lib/errors";
import { isRepository } from "../../lib/github";
import { asObject, readParsed } from "../stackFile";

/** What is watched. */
export interface WatchConfig {
  /** The repository whose releases are watched, owner/name. */
  readonly repository: string;
  /** The first version that is released from here: what is older is left as it is. */
  readonly firstVersion: string;
}

/**
 * Reads commands/watch/watched.json of a checkout. Throws a Fault that names every value that cannot be used.
 */
export async function readWatchConfig(folder: string): Promise<WatchConfig> {
  const file = join(folder, "commands", "watch", "watched.json");
  const { repository, firstVersion, ...others } = asObject(
    await readParsed(file, (text) => JSON.parse(text) as unknown),
  );
  const faults = Object.keys(others).map((key) => `unknown key ${JSON.stringify(key)}`);
  if (!isRepository(repository)) {
    faults.push(`repository ${JSON.stringify(repository)} is not owner/name, such as pulumi/pulumi`);
  }
  if (typeof firstVersion !== "string" || !isPulumiVersion(firstVersion)) {
    faults.push(`firstVersion ${JSON.stringify(firstVersion)} is not a version, X.Y.Z`);
  }
  if (faults.length > 0) throw new Fault(`${file} cannot be used: ${faults.join("; ")}. Correct it.`);
  return { repository: repository as string, firstVersion: firstVersion as string };
}
