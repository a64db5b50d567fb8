import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { catalogue } from "../images/catalogue";
import { repositoryUri } from "../images/registry";
import { type ClientOf, repositoryClients } from "../images/registryClient";
import { showPulumi } from "./display";
import { Fault } from "./fault";
import { heading } from "./say";
import { type PublishedImages, releaseUntilServed } from "./served";
import { type Subject, subjectOf } from "./subjects";
import { type Row, markdownTable, textTable } from "./table";
import { readTimings } from "./timings";
import { writeOutputs, writeSummary } from "./workflowFiles";

/** The program with a stack selected and configured. */
export interface Project {
  /** The folder of the program. */
  readonly folder: string;
  /** The environment variables that pulumi runs with. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder that pulumi's whole output and its event log are written to. */
  readonly logs: string;
}

/**
 * Releases what the stack's config says: runs `pulumi up`, sees to it that the registry serves what the outputs name, and
 * shows a table of it, in the summary of the job too. Throws a Fault where `pulumi up` fails, and an Error where the
 * registry does not serve what was released.
 */
export async function release(project: Project): Promise<void> {
  const clientOf = repositoryClients();
  const before = await readServed(project, clientOf);
  let events = "";
  const images = await releaseUntilServed(
    async (repair) => {
      if (repair !== undefined) await pulumi(project, "config", "set", "repair", repair);
      events = await update(project);
      return readImages(project);
    },
    console.log,
    clientOf,
  );
  // First of all: from this output the images are attested, which are public by now.
  writeOutputs({ images: JSON.stringify(await subjectsOf(images, clientOf)) });
  report(await readRows(images, { before, timings: readTimings(events), clientOf }));
}

/** Runs pulumi in the project and shows what it does. Tells whether it succeeded. */
export function showPulumiIn({ folder, env, logs }: Project, args: readonly string[]): Promise<boolean> {
  // The event log is a flag for developers of Pulumi, hence the variable.
  const variables = { ...env, PULUMI_DEBUG_COMMANDS: "true" };
  return showPulumi(args, { cwd: folder, env: variables, log: join(logs, "pulumi.log") });
}

/**
 * Runs `pulumi up`. Gives the engine's events, a line of JSON each: keep them nowhere, because they hold what AWS answered
 * to the login, the password among it. Throws a Fault where pulumi fails.
 */
export async function update(project: Project): Promise<string> {
  heading("pulumi up");
  const eventLog = join(project.logs, "events.json");
  await rm(eventLog, { force: true });
  // For this user alone, and no longer than pulumi runs.
  await writeFile(eventLog, "", { mode: 0o600 });
  try {
    const args = ["up", "--yes", "--skip-preview", "--suppress-progress", "--event-log", eventLog];
    if (await showPulumiIn(project, args)) return await readFile(eventLog, "utf8");
  } finally {
    await rm(eventLog, { force: true });
  }
  throw new Fault("pulumi up failed, see above. A release whose tests fail publishes nothing.");
}

async function pulumi({ folder, env }: Project, ...args: string[]): Promise<string> {
  return (await execa("pulumi", [...args, "--non-interactive"], { cwd: folder, env })).stdout;
}

async function readImages(project: Project): Promise<PublishedImages> {
  return JSON.parse(await pulumi(project, "stack", "output", "images", "--json")) as PublishedImages;
}

/**
 * What is served now under the tag that is to be released, by repository: a digest, undefined for nothing, `unread` where
 * the registry does not say.
 */
async function readServed(project: Project, clientOf: ClientOf): Promise<Map<string, string | undefined>> {
  const config = JSON.parse(await pulumi(project, "config", "--json")) as Record<string, { value?: string }>;
  const value = (key: string) => config[`runner-pulumi:${key}`]?.value ?? "";
  const registry = { registry: value("registry") || undefined, alias: value("alias") };
  const served = new Map<string, string | undefined>();
  for (const { name } of catalogue) {
    const repository = repositoryUri(registry, name);
    served.set(
      repository,
      await clientOf(repository)
        .digest(value("tag"))
        .catch(() => unread),
    );
  }
  return served;
}

/** Stands for a digest that could not be read. */
export const unread = "unknown";

/** How what a tag serves has changed: `none`, `moved`, `new`, or `unknown` where it could not be read before. */
export function changeOf(before: string | undefined, now: string): string {
  if (before === undefined) return "new";
  if (before === unread) return "unknown";
  return before === now ? "none" : "moved";
}

/** What is attested, image by image: one is read after another, as everywhere here. */
async function subjectsOf(images: PublishedImages, clientOf: ClientOf): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const [language, { repository, digest }] of Object.entries(images)) {
    subjects.push(await subjectOf(language, clientOf(repository), digest));
  }
  return subjects;
}

/** What a table of a release is made from, beside its images. */
interface Facts {
  readonly before: ReadonlyMap<string, string | undefined>;
  readonly timings: ReadonlyMap<string, number>;
  readonly clientOf: ClientOf;
}

async function readRows(images: PublishedImages, { before, timings, clientOf }: Facts): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [language, { repository, tag, digest }] of Object.entries(images)) {
    const size = await clientOf(repository).compressedSize(digest);
    rows.push({
      language,
      reference: `${repository}:${tag}`,
      digest,
      compressed: `${(size / 1e6).toFixed(1)} MB`,
      seconds: (timings.get(`${language}-smoke`) ?? 0) + (timings.get(`${language}-image`) ?? 0),
      change: changeOf(before.get(repository), digest),
    });
  }
  return rows;
}

function report(rows: readonly Row[]): void {
  const unchanged = rows.every(({ change }) => change === "none");
  const sentence = unchanged ? "Nothing has changed: every tag serves the digest that it served before." : "";
  heading("Released");
  for (const line of textTable(rows)) console.log(`  ${line}`);
  if (unchanged) console.log(`\n${sentence}`);
  writeSummary([`## Released`, sentence, markdownTable(rows)].filter(Boolean).join("\n\n"));
}
