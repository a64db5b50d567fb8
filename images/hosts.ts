import { Fault } from "../lib/errors";
import type { ReadRelease } from "./archive";
import { type Language, catalogue, sharedHosts, unusedHosts } from "./catalogue";
import { readDockerfile, stages } from "./dockerfile";

type Release = Pick<ReadRelease, "version" | "files">;

/** The languages whose hosts an image has: those with a stage `<language>-hosts` in its Dockerfile. */
function languagesIn(dockerfile: string): readonly Language[] {
  const names = stages(dockerfile);
  return catalogue.filter(({ name }) => names.has(`${name}-hosts`));
}

/** Whether the archive of every platform has a file. */
function hasFile({ files }: Release, name: string): boolean {
  return Object.values(files).every((list) => list.includes(name));
}

/** The build arguments of a Dockerfile with the hosts of each language, such as GOLANG_HOSTS. */
export function hostArguments(dockerfile: string, release: Release): Record<string, string> {
  const entries = languagesIn(dockerfile).map(({ name, hosts = [], optionalHosts = [] }) => {
    const available = optionalHosts.filter((host) => hasFile(release, host));
    return [`${name.toUpperCase()}_HOSTS`, [...hosts, ...available].join(" ")] as const;
  });
  return Object.fromEntries(entries);
}

/** The sentences about languages that are left out of a release, by their names. */
export type LeftOut = Readonly<Record<string, string>>;

/**
 * Finds the languages that cannot be released, because an archive lacks a file that their image needs.
 * @throws {Fault} if it lacks one that every image needs
 */
export function findLeftOut(languages: readonly Language[], release: Release): LeftOut {
  const lacks = `which Pulumi's archive of version ${release.version} lacks`;
  const missing = (hosts: readonly string[]) => hosts.filter((host) => !hasFile(release, host)).join(", ");
  const shared = missing(sharedHosts);
  if (shared !== "") throw new Fault(`Every image needs ${shared}, ${lacks}. Nothing was built. ${remedy}`);
  const found = languages.map(({ name }) => {
    const own = missing(languagesIn(readDockerfile(name)).flatMap(({ hosts = [] }) => hosts));
    return [
      name,
      own && `${name} is left out: it needs ${own}, ${lacks}. Its tags stay as they are. ${remedy}`,
    ] as const;
  });
  return Object.fromEntries(found.filter(([, sentence]) => sentence !== ""));
}

const remedy = 'See docs/maintaining.md, "A host is missing".';

/** The files of archives that no image has, with the reason if that is on purpose. */
export type UnusedFiles = Readonly<Record<string, string>>;

/** Finds the files of the archives that no image has, sorted. */
export function findUnused({ files }: Pick<Release, "files">): UnusedFiles {
  const used = new Set([
    ...sharedHosts,
    ...catalogue.flatMap(({ hosts = [], optionalHosts = [] }) => [...hosts, ...optionalHosts]),
  ]);
  const unused = [...new Set(Object.values(files).flat())].filter((file) => !used.has(file));
  return Object.fromEntries(unused.sort().map((file) => [file, unusedHosts[file] ?? "unknown"]));
}

/** Lists files that no image has, as a part of a sentence. */
export function unusedText(unused: UnusedFiles): string {
  return Object.entries(unused)
    .map(([file, reason]) => `${file} (${reason})`)
    .join(", ");
}
