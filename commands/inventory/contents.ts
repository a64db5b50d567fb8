import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Fault } from "../../lib/errors";
import { type Build, type Builder, readBuild } from "../builder";
import { type Answer, type Probe, exitFile, hosts, packages, probes, toolProbes, withProbes } from "./probes";

/** What is inside an image of one platform. */
export interface Contents {
  /** The version of each tool, in the order of the probes. */
  readonly tools: Readonly<Record<string, string>>;
  /** The languages that Pulumi has a host for, sorted. */
  readonly hosts: readonly string[];
  /** The version of each Debian package, sorted by name. Empty if the image is not Debian. */
  readonly packages: Readonly<Record<string, string>>;
}

/**
 * Runs the probes in the target of a build.
 * @throws {Fault} if the builder cannot run it, or if a probe's answer is not as expected
 */
export async function readContents(builder: Builder, build: Build): Promise<Contents> {
  return toContents(build, await readBuild(builder, withProbes(build), "files", readAnswers));
}

async function readAnswers(folder: string): Promise<ReadonlyMap<string, Answer>> {
  const answered = probes.filter(({ name }) => existsSync(join(folder, exitFile(name))));
  const answers = answered.map(async ({ name }): Promise<[string, Answer]> => {
    const exitCode = Number(await readFile(join(folder, exitFile(name)), "utf8"));
    return [name, { exitCode, text: await readFile(join(folder, name), "utf8") }];
  });
  return new Map(await Promise.all(answers));
}

/**
 * Parses the answers of the probes, by their names. A probe without an answer is that of a tool that is not installed.
 * @throws {Fault} that names every probe whose command failed or printed something unexpected
 */
export function toContents(
  { title, platform }: Pick<Build, "title" | "platform">,
  answers: ReadonlyMap<string, Answer>,
): Contents {
  const problems = probes.flatMap((probe) => problemOf(probe, answers.get(probe.name)));
  if (problems.length > 0) {
    const list = problems.join("; ");
    throw new Fault(`The contents of ${title} for ${platform} are unknown: ${list}. Fix commands/inventory/probes.ts.`);
  }
  const versions = toolProbes.flatMap((probe) =>
    matches(probe, answers).map((version): [string, string] => [probe.name, version]),
  );
  const installed = matches(packages, answers).map((line) => line.split(" ", 2) as [string, string]);
  return {
    tools: Object.fromEntries(versions),
    hosts: [...new Set(matches(hosts, answers))].sort(),
    packages: Object.fromEntries(installed.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function matches({ name, answer }: Probe, answers: ReadonlyMap<string, Answer>): string[] {
  const text = answers.get(name)?.text ?? "";
  if (answer.global) return [...text.matchAll(answer)].map(([, found = ""]) => found);
  const [, found] = answer.exec(text) ?? [];
  return found === undefined ? [] : [found];
}

function problemOf({ name, command, answer }: Probe, given: Answer | undefined): string[] {
  if (given === undefined) return [];
  const output = JSON.stringify(given.text.trim().slice(0, 200));
  if (given.exitCode !== 0) return [`probe ${name}: "${command}" ended with ${given.exitCode}: ${output}`];
  // `search` ignores the lastIndex of a global expression.
  return given.text.search(answer) < 0 ? [`probe ${name}: "${command}" printed ${output}, not ${answer}`] : [];
}

/** Versions by name. */
export type Versions = Readonly<Record<string, string>>;

/** A version before and now; undefined if it is not installed. */
export interface Comparison {
  readonly before: string | undefined;
  readonly now: string | undefined;
}

/** Compares versions by name: first those of `now` in their order, then those that were removed. */
export function compare(before: Versions, now: Versions): Map<string, Comparison> {
  // Maps, because a package may have the name of a property that objects inherit, such as `constructor`.
  const [old, current] = [new Map(Object.entries(before)), new Map(Object.entries(now))];
  const names = new Set([...current.keys(), ...old.keys()]);
  return new Map([...names].map((name) => [name, { before: old.get(name), now: current.get(name) }]));
}
