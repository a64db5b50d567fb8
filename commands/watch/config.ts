import { join } from "node:path";

import { isPulumiVersion } from "../../images/gitTag";
import { Fault, listProblems } from "../../lib/errors";
import { type Repository, parseRepository } from "../../lib/github";
import { asObject, readParsed } from "../stackFile";

/** Whose releases are watched, and the first version, X.Y.Z, that is released here. Older ones are left as they are. */
export type WatchConfig = Readonly<{ repository: Repository; firstVersion: string }>;

/** Reads commands/watch/watched.json of a checkout; throws a Fault that names every problem at once. */
export async function readWatchConfig(folder: string): Promise<WatchConfig> {
  const file = join(folder, "commands", "watch", "watched.json");
  const values = asObject(await readParsed(file, (text) => JSON.parse(text) as unknown));
  const { repository: name, firstVersion, ...others } = values;
  const repository = parseRepository(name);
  const isVersion = typeof firstVersion === "string" && isPulumiVersion(firstVersion);
  if (repository !== undefined && isVersion && Object.keys(others).length === 0) return { repository, firstVersion };
  const quote = (value: unknown) => JSON.stringify(value);
  const problems = [
    ...Object.keys(others).map((key) => `Unknown key ${quote(key)}. Remove it.`),
    ...(repository ? [] : [`repository ${quote(name)} is not owner/name. Use a name such as pulumi/pulumi.`]),
    ...(isVersion ? [] : [`firstVersion ${quote(firstVersion)} is not a version. Use X.Y.Z, such as 3.66.0.`]),
  ];
  throw new Fault(listProblems(`${file} is invalid:`, problems));
}
