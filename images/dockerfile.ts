import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "../lib/errors";

const folder = "dockerfiles";

/**
 * The build context of every image: the scripts that build steps mount. Relative to the program's folder, as all contexts: an
 * absolute path would differ per checkout and show up as a change.
 */
export const scriptsContext = `${folder}/scripts`;

/** The named contexts that only smoke stages use: the shared scripts, and the language's smoke program if it has one. */
export function smokeContexts(language: string): Record<string, string> {
  const program = `${folder}/${language}/smoke`;
  const hasProgram = existsSync(join(__dirname, "..", program));
  return { "smoke-scripts-context": `${folder}/smoke`, ...(hasProgram ? { program } : {}) };
}

/** A language's complete Dockerfile: the shared base, then its own. */
export function readDockerfile(language: string): string {
  const files = ["base.Dockerfile", join(language, "Dockerfile")];
  return files.map((file) => readFileSync(join(__dirname, "..", folder, file), "utf8")).join("\n");
}

/** A Dockerfile up to its stage `runner`, so that a change of the smoke test is not one of the published image. */
export function withoutSmokeTest(dockerfile: string): string {
  const runner = dockerfile.search(/^FROM \S+ AS runner$/m) + 1;
  const next = dockerfile.slice(runner).search(/^(#.*\n)*FROM /m);
  return next < 0 ? dockerfile : dockerfile.slice(0, runner + next);
}

/** The stages of a Dockerfile: what each is built FROM, by stage name. */
export function stages(dockerfile: string): Map<string, string> {
  const from = /^FROM(?:\s+--platform=\S+)?\s+(\S+)\s+AS\s+(\S+)\s*$/gm;
  return new Map([...dockerfile.matchAll(from)].map(([, image = "", name = ""]) => [name, image]));
}

/** The tag of each stage's official image, as build arguments such as NODE_TAG: smoke tests compare versions with them. */
export function tagArguments(dockerfile: string): Record<string, string> {
  const tags = [...stages(dockerfile)].flatMap(([stage, image]) => {
    const [, tag] = /:([^:@]+)@sha256:/.exec(image) ?? [];
    return tag === undefined ? [] : [[`${stage.toUpperCase().replaceAll("-", "_")}_TAG`, tag] as const];
  });
  return Object.fromEntries(tags);
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
