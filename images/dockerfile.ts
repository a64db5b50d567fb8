import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "..", "dockerfiles");

/**
 * The build context of every image, from the program's folder: an absolute path would be another one, and a change, in
 * each checkout. It is empty: what an image holds comes from its Dockerfile alone.
 */
export const context = "dockerfiles/context";

/** A language's complete Dockerfile: `base.Dockerfile`, then its own. Throws when there is no such file. */
export function readDockerfile(language: string): string {
  return ["base", language].map((name) => readFileSync(join(folder, `${name}.Dockerfile`), "utf8")).join("\n");
}

/** The stages of a Dockerfile: what each is built FROM, by its name. */
export function stages(dockerfile: string): Map<string, string> {
  const from = /^FROM(?:\s+--platform=\S+)?\s+(\S+)\s+AS\s+(\S+)\s*$/gm;
  return new Map([...dockerfile.matchAll(from)].map(([, image = "", name = ""]) => [name, image]));
}

/**
 * The time of every file that a build of a Dockerfile makes, in seconds since 1970: that of the Debian snapshot that it
 * installs packages from. Throws an Error where it names none.
 */
export function sourceDateEpoch(dockerfile: string): number {
  const snapshot = argument(dockerfile, "DEBIAN_SNAPSHOT");
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(snapshot) ?? [];
  const [year = NaN, month = NaN, day, hour, minute, second] = parts.map(Number);
  const time = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  if (Number.isInteger(time)) return time;
  throw new Error(`DEBIAN_SNAPSHOT ${JSON.stringify(snapshot)} is not the time of a snapshot. Give YYYYMMDDTHHMMSSZ.`);
}

/** The default of a global ARG of a Dockerfile. Throws an Error when there is none. */
export function argument(dockerfile: string, name: string): string {
  const value = new RegExp(`^ARG ${name}=(\\S+)$`, "m").exec(dockerfile)?.[1];
  if (value === undefined) throw new Error(`The Dockerfile has no line "ARG ${name}=…". Add it before the first FROM.`);
  return value;
}
