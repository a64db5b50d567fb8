import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "../lib/errors";

const folder = join(__dirname, "..", "dockerfiles");

/** The empty build context of every image. A relative path: an absolute one would differ per checkout and show as a change. */
export const context = "dockerfiles/context";

/** A language's complete Dockerfile: `base.Dockerfile`, then its own. */
export function readDockerfile(language: string): string {
  return ["base", language].map((name) => readFileSync(join(folder, `${name}.Dockerfile`), "utf8")).join("\n");
}

/** The stages of a Dockerfile: what each is built FROM, by stage name. */
export function stages(dockerfile: string): Map<string, string> {
  const from = /^FROM(?:\s+--platform=\S+)?\s+(\S+)\s+AS\s+(\S+)\s*$/gm;
  return new Map([...dockerfile.matchAll(from)].map(([, image = "", name = ""]) => [name, image]));
}

/**
 * The modification time of every file that a build creates, in seconds since 1970: the time of the Debian snapshot that the
 * Dockerfile installs packages from.
 * @throws {Fault} if DEBIAN_SNAPSHOT is missing or malformed
 */
export function sourceDateEpoch(dockerfile: string): number {
  const snapshot = argument(dockerfile, "DEBIAN_SNAPSHOT");
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(snapshot) ?? [];
  const [year = NaN, month = NaN, day, hour, minute, second] = parts.map(Number);
  const time = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  if (Number.isInteger(time)) return time;
  throw new Fault(`DEBIAN_SNAPSHOT ${JSON.stringify(snapshot)} is not a snapshot's time. Use YYYYMMDDTHHMMSSZ.`);
}

/**
 * The default of a global ARG of a Dockerfile.
 * @throws {Fault} if there is none
 */
export function argument(dockerfile: string, name: string): string {
  const value = new RegExp(`^ARG ${name}=(\\S+)$`, "m").exec(dockerfile)?.[1];
  if (value === undefined) throw new Fault(`The Dockerfile has no line "ARG ${name}=…". Add it before the first FROM.`);
  return value;
}
