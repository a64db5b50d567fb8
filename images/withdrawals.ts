import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Fault, listProblems, messageOf } from "../lib/errors";
import { isPulumiVersion } from "./gitTag";

/** Versions that Pulumi yanked or that we rolled back, with the reasons. They are not released; `latest` may leave them. */
export type Withdrawn = Readonly<Record<string, string>>;

/** The file of withdrawn versions, relative to the repository. */
export const withdrawnFile = "images/withdrawn.json";

/** The withdrawn versions of this checkout. */
export function readWithdrawn(): Withdrawn {
  return parseWithdrawn(readFileSync(join(__dirname, "withdrawn.json"), "utf8"), withdrawnFile);
}

/**
 * Parses a list of withdrawn versions, which errors call `file`.
 * @throws {Fault} that names every problem: a version in another form than X.Y.Z would withdraw nothing
 */
export function parseWithdrawn(text: string, file: string): Withdrawn {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new Fault(`${file} is not JSON: ${messageOf(error)}. Fix it; an empty list is {}.`);
  }
  const problems = problemsOf(list);
  if (problems.length > 0) throw new Fault(listProblems(`${file} is invalid:`, problems));
  return list as Withdrawn;
}

function problemsOf(list: unknown): string[] {
  const quote = (value: unknown) => JSON.stringify(value);
  if (typeof list !== "object" || list === null || Array.isArray(list)) {
    return [`${quote(list)} does not map versions to reasons. Use {"X.Y.Z": "why it is withdrawn"}.`];
  }
  const isText = (reason: unknown) => typeof reason === "string" && reason.trim() !== "";
  return Object.entries(list).flatMap(([version, reason]: [string, unknown]) => [
    ...(isPulumiVersion(version) ? [] : [`${quote(version)} is not a Pulumi version. Use X.Y.Z, such as 3.66.0.`]),
    ...(isText(reason) ? [] : [`The reason for ${quote(version)} is ${quote(reason)}. Describe why it is withdrawn.`]),
  ]);
}

/** Why a version may not be released, as a sentence; undefined if it is not withdrawn. */
export function withdrawnReason(version: string, withdrawn: Withdrawn): string | undefined {
  // Object.hasOwn, because every object inherits names such as constructor.
  if (!Object.hasOwn(withdrawn, version)) return undefined;
  return `Pulumi ${version} is withdrawn (${withdrawn[version]}), so it is not released. Release another version.`;
}

/** The maximum number of versions listed in a message. */
export const maxListedVersions = 5;

/** How to downgrade `latest` from newer versions on purpose, as a sentence. */
export function rollbackHint(to: string, from: readonly string[]): string {
  const versions =
    from.length > maxListedVersions ? `every version above ${to}` : from.map((version) => `"${version}"`).join(", ");
  return `To roll back on purpose, add ${versions} with the reason to ${withdrawnFile}, then push latest-v${to} again.`;
}
