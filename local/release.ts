import { rm } from "node:fs/promises";

import { execa } from "execa";

import { type PublishedImages, releaseUntilServed } from "../ci/release";
import { causeOf, messageOf } from "../images/errors";
import { RepositoryClient, registryUrl } from "../images/registryClient";
import { type Platform, isPlatform, platforms } from "../images/platform";
import { type Release, parseGitTag } from "../images/release";
import { type Environment, projectFolder, setUp } from "./environment";
import { showPulumi } from "../ci/display";
import { Fault } from "../ci/fault";
import { checkout, inFolder } from "./folder";
import { ensureRelease } from "./mirror";
import { defaultTag } from "./releases";
import { heading, say } from "../ci/say";
import { type Stack, type StackConfig, configValue, prepareStack } from "./stack";
import { readTimings } from "../ci/timings";

/** `make up`: sets up, and releases what the git tag asks for on stack local. */
export async function up(gitTag: string | undefined): Promise<void> {
  const { stack, config } = await prepareRelease(gitTag);
  const eventLog = inFolder("events.json");
  const images = await releaseUntilServed(async (repair) => {
    heading("pulumi up");
    await prepareStack(stack, repair === undefined ? config : { ...config, repair });
    await rm(eventLog, { force: true });
    const args = ["up", "--yes", "--skip-preview", "--suppress-progress", "--event-log", eventLog];
    if (!(await pulumi(stack, args))) {
      throw new Fault("pulumi up failed, see above. A release whose tests fail publishes nothing.");
    }
    return readImages(stack);
  }, console.log);
  await report(images, eventLog);
}

/** `make preview`: sets up, runs the smoke tests and shows what a release would change. */
export async function preview(gitTag: string | undefined): Promise<void> {
  const { stack, config } = await prepareRelease(gitTag);
  await prepareStack(stack, config);
  heading("pulumi preview");
  if (!(await pulumi(stack, ["preview", "--diff", "--suppress-progress"]))) {
    throw new Fault("pulumi preview failed, see above. Nothing was published.");
  }
}

/** Runs pulumi in the checkout, on the stack. The event log is a flag for developers of Pulumi, hence the variable. */
function pulumi(stack: Stack, args: readonly string[]): Promise<boolean> {
  const env = { ...stack.env, PULUMI_DEBUG_COMMANDS: "true" };
  return showPulumi([...args, "--stack", stack.name], { cwd: checkout, env, log: inFolder("pulumi.log") });
}

async function prepareRelease(gitTag: string | undefined): Promise<{ stack: Stack; config: StackConfig }> {
  // Before minutes of set-up: a tag that releases nothing.
  const asked = gitTag === undefined ? undefined : parse(gitTag);
  const wanted = platformsAskedFor();
  await requireRegistry();
  const environment = await setUp(wanted);
  const release = asked ?? parse(await defaultTag(environment.mirrored));
  if (asked === undefined) say("TAG", `not given: v${release.pulumiVersion}, the newest that can be had here`);
  if (environment.mirrored) await ensureRelease(release.pulumiVersion, environment.platforms);
  const stack = { name: "local", env: environment.env, folder: projectFolder };
  // The last repair stays in the config: taking it away would push every image once more.
  const repair = (await configValue(stack, "repair")) ?? "";
  return { stack, config: { ...stackConfig(environment, release), repair } };
}

function parse(gitTag: string): Release {
  try {
    return parseGitTag(gitTag);
  } catch (error) {
    throw new Fault((error as Error).message);
  }
}

/** The platforms of PLATFORMS, undefined where it is not set. Throws a Fault that names every one that is none. */
function platformsAskedFor(): Platform[] | undefined {
  const text = process.env["PLATFORMS"];
  if (text === undefined) return undefined;
  const asked = [...new Set(text.split(","))];
  const unknown = asked.filter((platform) => !isPlatform(platform)).map((platform) => JSON.stringify(platform));
  if (unknown.length === 0) return asked as Platform[];
  throw new Fault(
    `PLATFORMS ${JSON.stringify(text)}: unknown platform ${unknown.join(", ")}. ` +
      `Give some of ${Object.keys(platforms).join(",")}, separated by commas.`,
  );
}

/** The config of a release on this machine. */
function stackConfig(environment: Environment, { pulumiVersion, tag }: Release): StackConfig {
  const { builder, bases, pulumiReleases } = environment;
  const registry = process.env["REGISTRY"] ?? environment.registry;
  return { pulumiVersion, tag, platforms: environment.platforms, registry, builder, bases, pulumiReleases };
}

/** Throws a Fault where another registry than the local one is asked for and does not answer. */
async function requireRegistry(): Promise<void> {
  const registry = process.env["REGISTRY"];
  if (registry === undefined) return;
  const url = `${registryUrl(registry.replace(/\/.*$/, ""))}/v2/`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
    ({ status }) => (status === 200 || status === 401 ? undefined : `it answers ${status}`),
    (error: unknown) => messageOf(causeOf(error)),
  );
  if (answer === undefined) return;
  throw new Fault(
    `REGISTRY "${registry}" is no registry that can be used: ${url}: ${answer}. Start it, or leave REGISTRY out.`,
  );
}

async function readImages(stack: Stack): Promise<PublishedImages> {
  const { stdout } = await execa("pulumi", ["stack", "output", "images", "--json", "--stack", stack.name], {
    cwd: checkout,
    env: stack.env,
  });
  return JSON.parse(stdout) as PublishedImages;
}

async function report(images: PublishedImages, eventLog: string): Promise<void> {
  const timings = await readTimings(eventLog);
  heading("Released");
  const rows = Object.entries(images).map(async ([language, { repository, tag, digest }]) => ({
    language,
    reference: `${repository}:${tag}`,
    digest,
    compressed: `${((await new RepositoryClient(repository).compressedSize(digest)) / 1e6).toFixed(1)} MB`,
    seconds: (timings.get(`${language}-smoke`) ?? 0) + (timings.get(`${language}-image`) ?? 0),
  }));
  printTable(await Promise.all(rows));
}

function printTable(rows: readonly Readonly<Record<string, string | number>>[]): void {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  for (const line of lines) console.log("  " + line.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  "));
}
