import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "../lib/errors";
import { catalogue } from "./catalogue";

const root = join(__dirname, "..");

/** The build context of every image: scripts to mount. Relative, as an absolute path would show up as a change elsewhere. */
export const scriptsContext = "dockerfiles/scripts";

/**
 * The named contexts that only smoke stages use: the shared scripts, the language's smoke program as `program`, and those of
 * the languages that its image includes, such as `program-python`.
 */
export function smokeContexts(language: string): Record<string, string> {
  const programs = [["program", language], ...included(language).map((name) => [`program-${name}`, name])];
  const folders = programs.map(([context = "", name]) => [context, `dockerfiles/${name}/smoke`] as const);
  const existing = folders.filter(([, folder]) => existsSync(join(root, folder)));
  return { "smoke-scripts-context": "dockerfiles/smoke", ...Object.fromEntries(existing) };
}

/** A language's complete Dockerfile: the shared base, the toolchains of the languages that its image includes, its own file. */
export function readDockerfile(language: string): string {
  const read = (file: string) => readFileSync(join(root, "dockerfiles", file), "utf8");
  const toolchains = included(language).map((name) => withoutRunner(read(`${name}/Dockerfile`)));
  return [read("base.Dockerfile"), ...toolchains, read(`${language}/Dockerfile`)].join("\n");
}

function included(language: string): readonly string[] {
  return catalogue.find(({ name }) => name === language)?.includes ?? [];
}

/** A language's own Dockerfile up to its stage `runner`. */
function withoutRunner(dockerfile: string): string {
  return dockerfile.slice(0, dockerfile.search(/^(#.*\n)*FROM \S+ AS runner$/m));
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

/** The modification time of every file that a build creates, in seconds since 1970: that of the Debian snapshot. */
export function sourceDateEpoch(dockerfile: string): number {
  const snapshot = argument(dockerfile, "DEBIAN_SNAPSHOT");
  const iso = snapshot.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const time = iso === snapshot ? NaN : Date.parse(iso) / 1000;
  if (Number.isInteger(time)) return time;
  throw new Fault(`DEBIAN_SNAPSHOT ${JSON.stringify(snapshot)} is not a snapshot's time. Use YYYYMMDDTHHMMSSZ.`);
}

/** The default of a global ARG of a Dockerfile. @throws {Fault} if there is none */
export function argument(dockerfile: string, name: string): string {
  const value = new RegExp(`^ARG ${name}=(\\S+)$`, "m").exec(dockerfile)?.[1];
  if (value === undefined) throw new Fault(`The Dockerfile has no line "ARG ${name}=…". Add it before the first FROM.`);
  return value;
}
