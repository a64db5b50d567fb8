import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Fault, messageOf } from "../../lib/errors";
import { type Language, catalogue } from "../../images/catalogue";
import { type Release, requireRelease } from "../../images/gitTag";
import type { Platform } from "../../images/platform";
import { repositoryUri } from "../../images/repositoryUri";
import { logHeading, log } from "../../lib/log";
import { textTable } from "../../lib/table";
import { addSummary, setOutputs } from "../../lib/githubActions";
import type { Target } from "../target";
import { requirePublisher } from "../verify/verify";
import { type Builder, askImage, builderFromEnvironment } from "./builder";
import { readContents } from "./contents";
import { type ReleasedImage, type ServedImage, findReleased } from "./find";
import { baseLines, beforeLines, changeRows, inventoryMarkdown, versionRows } from "./markdown";
import type { Before, ImageInventory, Inventory } from "./model";

/** Starts a builder that runs images of these platforms. */
export type MachineBuilder = (platforms: readonly Platform[]) => Promise<Builder>;

/**
 * Runs the images that a target publishes under a tag and reports the tools and packages inside: a table on stdout,
 * `inventory-<tag>.json` and `.md` in .local, and the step output `notes`.
 * @param machine used if neither BUILDKIT_HOST nor BUILDER names a builder
 */
export async function inventory(
  target: Target,
  gitTag: string,
  languages: readonly Language[],
  machine: MachineBuilder,
): Promise<void> {
  const release = requireRelease(gitTag);
  requirePublisher(target, release.stack);
  const registry = await target.registry();
  const names = (languages.length > 0 ? languages : catalogue).map(({ name }) => name);
  const images = await findReleased(release, names, (language) => repositoryUri(registry, language));
  const platforms = [...new Set(images.flatMap((image) => image.platforms))];
  const builder = builderFromEnvironment() ?? (await machine(platforms));
  const folder = join(__dirname, "..", "..", ".local");
  await writeInventory({ release, images, builder, folder, earlier: process.env["BEFORE"] });
  const notes = await readFile(join(folder, `${fileName(release.tag)}.md`), "utf8");
  // As JSON, because an output is one line.
  setOutputs({ notes: JSON.stringify(notes) });
}

/** What a manifest is made of. */
export interface InventoryArgs {
  readonly release: Release;
  /** The images of the release: see findReleased. */
  readonly images: readonly ReleasedImage[];
  /** What runs them. */
  readonly builder: Builder;
  /** The folder that the manifest is written to. */
  readonly folder: string;
  /**
   * A folder with manifests of earlier releases. An image that one of them is of, by its digest, is not run again; its
   * answers are those of the probes of then.
   */
  readonly earlier?: string | undefined;
}

/**
 * Runs every image of a release, and that of the release before, and writes what is inside: `inventory-<tag>.json`, and
 * `inventory-<tag>.md` with what has changed, which the summary of the job gets too. Throws a Fault where an image of the
 * release cannot be run, does not tell a version, or is another version of Pulumi than its tag says. Where that of the
 * release before cannot be run, the manifest says so.
 */
async function writeInventory(args: InventoryArgs): Promise<Inventory> {
  const { release, images, builder, folder } = args;
  const earlier = args.earlier === "" ? undefined : args.earlier;
  requireFolder(earlier);
  logHeading(`Asking the images of ${release.tag} what is inside`);
  const described: [string, ImageInventory][] = [];
  const before: Record<string, Before> = {};
  // One after another: each is up to four builds.
  for (const image of images) {
    const [now, old] = await Promise.all([describe(image, builder), describeBefore(image, builder, earlier)]);
    requireVersion(now, release);
    described.push([image.language, now]);
    before[image.language] = old;
    log(image.language, `${image.platforms.join(", ")}; before: ${image.before?.tag ?? "none"}`);
  }
  const manifest = { version: release.pulumiVersion, tag: release.tag, images: Object.fromEntries(described) };
  await report(manifest, before, folder);
  return manifest;
}

async function describe(image: ServedImage, builder: Builder): Promise<ImageInventory> {
  const { repository, tag, digest, platforms, labels } = image;
  const asked = platforms.map(async (platform) => {
    const answers = await askImage(builder, `${repository}@${digest}`, platform);
    return [platform, readContents(`${repository}:${tag} for ${platform}`, answers)] as const;
  });
  const contents = Object.fromEntries(await Promise.all(asked));
  return { reference: `${repository}:${tag}@${digest}`, digest, ...baseOfLabels(labels), platforms: contents };
}

function baseOfLabels(labels: ServedImage["labels"]): Pick<ImageInventory, "base"> {
  const [name, digest] = ["name", "digest"].map((part) => labels[`org.opencontainers.image.base.${part}`]);
  return name === undefined || digest === undefined ? {} : { base: { name, digest } };
}

/** Of the platforms that the image has now. The release is out: what is wrong with the one before does not stop this. */
async function describeBefore(image: ReleasedImage, builder: Builder, earlier: string | undefined): Promise<Before> {
  if (image.before === undefined) return undefined;
  const { tag, digest, platforms } = image.before;
  const known = await readEarlier(earlier, tag, image.language);
  if (known?.digest === digest) return { tag, image: known };
  try {
    const both = platforms.filter((platform) => image.platforms.includes(platform));
    return { tag, image: await describe({ ...image.before, platforms: both }, builder) };
  } catch (error) {
    if (error instanceof Fault) return { tag, untold: messageOf(error) };
    throw error;
  }
}

async function readEarlier(
  folder: string | undefined,
  tag: string,
  language: string,
): Promise<ImageInventory | undefined> {
  if (folder === undefined) return undefined;
  const file = join(folder, `${fileName(tag)}.json`);
  if (!existsSync(file)) return undefined;
  try {
    return (JSON.parse(await readFile(file, "utf8")) as Inventory).images[language];
  } catch (error) {
    throw new Fault(`${file} is not a manifest: ${messageOf(error)}. Remove it from BEFORE.`);
  }
}

function requireFolder(earlier: string | undefined): void {
  if (earlier === undefined || existsSync(earlier)) return;
  throw new Fault(`BEFORE ${JSON.stringify(earlier)} is not there. Give a folder that holds inventory-<tag>.json.`);
}

function requireVersion({ reference, platforms }: ImageInventory, { pulumiVersion, tag }: Release): void {
  const versions = [...new Set(Object.values(platforms).map(({ tools }) => tools["pulumi"] ?? "none"))];
  if (versions.length === 1 && versions[0] === pulumiVersion) return;
  throw new Fault(
    `${reference} has Pulumi ${versions.join(" and ")}, and ${pulumiVersion} was asked for. ` +
      (tag === "latest" ? `Give the TAG that latest is now.` : `Release it again: another image has its tag.`),
  );
}

async function report(manifest: Inventory, before: Readonly<Record<string, Before>>, folder: string): Promise<void> {
  const markdown = inventoryMarkdown(manifest, before);
  await mkdir(folder, { recursive: true });
  const file = join(folder, fileName(manifest.tag));
  await writeFile(`${file}.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(`${file}.md`, `${markdown}\n`);
  addSummary(markdown);
  show(`Inside ${manifest.tag}`, [...textTable(versionRows(manifest)), ...baseLines(manifest)]);
  show("Since the release before", beforeLines(manifest, before));
  for (const part of ["tools", "packages"] as const)
    show(`Changed ${part}`, textTable(changeRows(part, manifest, before)));
  console.log(`\nWritten to ${file}.json and .md`);
}

function show(title: string, lines: readonly string[]): void {
  // A table without rows has an empty line.
  if (lines.join("") === "") return;
  logHeading(title);
  for (const line of lines) console.log(`  ${line}`);
}

function fileName(tag: string): string {
  return `inventory-${tag}`;
}
