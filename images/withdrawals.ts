import { readFileSync } from "node:fs";
import { join } from "node:path";

import { messageOf } from "./errors";
import { isPulumiVersion } from "./release";

/** Versions by the reason why they are withdrawn. */
export type Withdrawn = Readonly<Record<string, string>>;

/**
 * The Pulumi versions that were yanked by Pulumi or rolled back by us, each with its reason: they are not released, and
 * `latest` may go back from them.
 */
export const withdrawnVersions = parseWithdrawn(
  readFileSync(join(__dirname, "withdrawn.json"), "utf8"),
  "images/withdrawn.json",
);

/**
 * Reads a list of withdrawn versions. Throws an Error that names every fault in it: a version that is written another
 * way than X.Y.Z would withdraw nothing.
 * @param file how the list is named in the Error
 */
export function parseWithdrawn(text: string, file: string): Withdrawn {
  const list = parseJson(text, file);
  const faults = withdrawnFaults(list);
  if (faults.length === 0) return list as Withdrawn;
  throw new Error([`${file} cannot be used:`, ...faults.map((fault) => `  - ${fault}`)].join("\n"));
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const remedy = "Mend it; a list without versions is {}.";
    throw new Error(`${file} is not JSON: ${messageOf(error)}. ${remedy}`, { cause: error });
  }
}

function withdrawnFaults(list: unknown): string[] {
  if (typeof list !== "object" || list === null || Array.isArray(list)) {
    return [`${JSON.stringify(list)} does not map versions to reasons. Give {"X.Y.Z": "why it is withdrawn"}.`];
  }
  return Object.entries(list).flatMap(([version, reason]: [string, unknown]) => [
    ...(isPulumiVersion(version)
      ? []
      : [`${JSON.stringify(version)} is not a version of Pulumi. Give X.Y.Z, such as 3.66.0.`]),
    ...(typeof reason === "string" && reason.trim() !== ""
      ? []
      : [`The reason of ${JSON.stringify(version)} is ${JSON.stringify(reason)}. Say in words why it is withdrawn.`]),
  ]);
}

/** Why a version is not released, as a sentence; undefined where it is not withdrawn. */
export function withdrawal(version: string, withdrawn: Withdrawn): string | undefined {
  // Every object inherits a few names, such as constructor.
  if (!Object.hasOwn(withdrawn, version)) return undefined;
  return `Pulumi ${version} is withdrawn (${withdrawn[version]}) and not released. Release another one.`;
}

/** A longer list would hide the sentence that it stands in. */
export const namedAtMost = 5;

/** How `latest` is made to go back to a version from newer ones, as a sentence. */
export function howToRollBack(to: string, from: readonly string[]): string {
  const versions =
    from.length > namedAtMost ? `every version above ${to}` : from.map((version) => `"${version}"`).join(", ");
  return `To roll back on purpose, add ${versions} with the reason to images/withdrawn.json, then push latest-v${to} again.`;
}
