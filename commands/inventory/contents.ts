import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { LeftOut, UnusedFiles } from "../../images/hosts";
import { Fault } from "../../lib/errors";
import { type Build, type Builder, readBuild } from "../builder";
import type { ServedImage } from "./servedImages";
import { hosts, packages, probes, toolProbes } from "./probes";

/** Versions by name. */
export type Versions = Readonly<Record<string, string>>;

/** What is inside an image of one platform. */
export interface Contents {
  /** The version of each tool, in the order of the probes. */
  readonly tools: Versions;
  /** The languages that Pulumi has a host for, sorted. */
  readonly hosts: readonly string[];
  /** The version of each Debian package, sorted by name. Empty if the image is not Debian. */
  readonly packages: Versions;
  /** The bytes of each compressed layer by its digest, if a registry serves the image. */
  readonly layers?: Readonly<Record<string, number>>;
}

/** What is inside an image, by platform. */
export interface ImageContents extends Pick<ServedImage, "reference" | "base"> {
  readonly platforms: Readonly<Record<string, Contents>>;
}

/** What is inside a released image, and in that of the previous release, if there is one and it can be run. */
export interface InventoryImage extends ImageContents {
  readonly previous?: ({ readonly tag: string } & (ImageContents | { readonly problem: string })) | undefined;
}

/** The files of Pulumi's archives that no image has, and why languages are left out; or why that is unknown. */
export type LeftOutContents =
  { readonly files: UnusedFiles; readonly languages: LeftOut } | { readonly problem: string };

/** What is inside the images of a Pulumi version under a tag, by language in the order of the catalogue. */
export interface Inventory {
  readonly version: string;
  readonly tag: string;
  readonly images: Readonly<Record<string, InventoryImage>>;
  readonly leftOut: LeftOutContents;
}

/** Runs the probes in a build's target. @throws {Fault} if it cannot be run, or if an answer is not as expected */
export async function readContents(builder: Builder, build: Build): Promise<Contents> {
  return readBuild(builder, withProbes(build), "files", async (folder) => {
    const files = await readdir(folder);
    const answers = files.map(async (file) => [file, await readFile(join(folder, file), "utf8")] as const);
    return toContents(build, new Map(await Promise.all(answers)));
  });
}

const folder = "/tmp/inventory";

/** Adds the probes to a build: they run in its target, offline, and export a file each: the output, then the exit code. */
export function withProbes({ inputs, ...build }: Build): Build {
  const scripts = probes.map(({ name, command }) => {
    const [program] = command.split(" ");
    return `if command -v ${program} >/dev/null; then { ( ${command} ) 2>&1; printf '\\n%s' $?; } >${name}; fi`;
  });
  // The quoted word keeps BuildKit from replacing variables.
  const inline = `${inputs.dockerfile?.inline ?? ""}
FROM ${inputs.target} AS probed-image
RUN --network=none <<'PROBES'
mkdir ${folder} && cd ${folder} || exit 1
export PULUMI_SKIP_UPDATE_CHECK=true
${scripts.join("\n")}
PROBES
FROM scratch AS answers
COPY --from=probed-image ${folder} /
`;
  return { ...build, inputs: { ...inputs, dockerfile: { inline }, target: "answers" } };
}

/** Parses answers by probe: none for a tool that is not installed. @throws {Fault} that names every bad answer */
export function toContents({ title, platform }: Omit<Build, "inputs">, answers: ReadonlyMap<string, string>): Contents {
  const problems: string[] = [];
  const found = new Map<string, string[]>();
  for (const { name, command, answer } of probes) {
    const [, output = "", exitCode] = /^(.*)\n(\d+)$/s.exec(answers.get(name) ?? "") ?? [];
    if (exitCode === undefined) continue;
    const matches = [...output.matchAll(new RegExp(answer, `${answer.flags}g`))].map(([, match = ""]) => match);
    const printed = JSON.stringify(output.trim().slice(0, 200));
    if (exitCode !== "0") problems.push(`probe ${name}: "${command}" ended with ${exitCode}: ${printed}`);
    else if (matches.length === 0) problems.push(`probe ${name}: "${command}" printed ${printed}, not ${answer}`);
    found.set(name, matches);
  }
  if (problems.length > 0) {
    const list = problems.join("; ");
    throw new Fault(`The contents of ${title} for ${platform} are unknown: ${list}. Fix commands/inventory/probes.ts.`);
  }
  const tools = toolProbes.flatMap(({ name }) => (found.has(name) ? [[name, found.get(name)?.[0] ?? ""]] : []));
  const lines = (found.get(packages.name) ?? []).sort();
  return {
    tools: Object.fromEntries(tools) as Versions,
    hosts: [...new Set(found.get(hosts.name))].sort(),
    packages: Object.fromEntries(lines.map((line) => line.split(" "))) as Versions,
  };
}

/** A version before and now; undefined if it is not installed. */
export type VersionChange = Readonly<Record<"before" | "now", string | undefined>>;

/** Compares versions by name: first those of `now` in their order, then those that were removed. */
export function compare(before: Versions, now: Versions): Map<string, VersionChange> {
  // Maps, because a package may have the name of a property that objects inherit, such as `constructor`.
  const [old, current] = [new Map(Object.entries(before)), new Map(Object.entries(now))];
  const names = [...current.keys(), ...old.keys()];
  return new Map(names.map((name) => [name, { before: old.get(name), now: current.get(name) }]));
}

/** Between an old version and a new one. */
export const arrow = " → ";

/** A version, or what it changed from and to. */
export function changeText({ before, now }: VersionChange): string {
  return before === now ? (now ?? "") : [before ?? "none", now ?? "none"].join(arrow);
}
