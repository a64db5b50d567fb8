import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../../images/errors";
import type { Release } from "../../images/release";
import { Fault } from "../fault";
import { heading, say } from "../say";
import { textTable } from "../table";
import { writeSummary } from "../workflowFiles";
import { type Builder, askImage } from "./builder";
import { readContents } from "./contents";
import type { ReleasedImage, ServedImage } from "./find";
import { baseLines, beforeLines, changeRows, manifestMarkdown, versionRows } from "./markdown";
import type { Before, ImageManifest, Manifest } from "./model";

/** What a manifest is made of. */
export interface ManifestArgs {
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
 * Runs every image of a release, and that of the release before, and writes what is inside: `manifest-<tag>.json`, and
 * `manifest-<tag>.md` with what has changed, which the summary of the job gets too. Throws a Fault where an image of the
 * release cannot be run, does not tell a version, or is another version of Pulumi than its tag says. Where that of the
 * release before cannot be run, the manifest says so.
 */
export async function writeManifest(args: ManifestArgs): Promise<Manifest> {
  const { release, images, builder, folder } = args;
  const earlier = args.earlier === "" ? undefined : args.earlier;
  requireFolder(earlier);
  heading(`Asking the images of ${release.tag} what is inside`);
  const described: [string, ImageManifest][] = [];
  const before: Record<string, Before> = {};
  // One after another: each is up to four builds.
  for (const image of images) {
    const [now, old] = await Promise.all([describe(image, builder), describeBefore(image, builder, earlier)]);
    requireVersion(now, release);
    described.push([image.language, now]);
    before[image.language] = old;
    say(image.language, `${image.platforms.join(", ")}; before: ${image.before?.tag ?? "none"}`);
  }
  const manifest = { version: release.pulumiVersion, tag: release.tag, images: Object.fromEntries(described) };
  await report(manifest, before, folder);
  return manifest;
}

async function describe(image: ServedImage, builder: Builder): Promise<ImageManifest> {
  const { repository, tag, digest, platforms, labels } = image;
  const asked = platforms.map(async (platform) => {
    const answers = await askImage(builder, `${repository}@${digest}`, platform);
    return [platform, readContents(`${repository}:${tag} for ${platform}`, answers)] as const;
  });
  const contents = Object.fromEntries(await Promise.all(asked));
  return { reference: `${repository}:${tag}@${digest}`, digest, ...baseOfLabels(labels), platforms: contents };
}

function baseOfLabels(labels: ServedImage["labels"]): Pick<ImageManifest, "base"> {
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
): Promise<ImageManifest | undefined> {
  if (folder === undefined) return undefined;
  const file = join(folder, `${fileName(tag)}.json`);
  if (!existsSync(file)) return undefined;
  try {
    return (JSON.parse(await readFile(file, "utf8")) as Manifest).images[language];
  } catch (error) {
    throw new Fault(`${file} is not a manifest: ${messageOf(error)}. Remove it from BEFORE.`);
  }
}

function requireFolder(earlier: string | undefined): void {
  if (earlier === undefined || existsSync(earlier)) return;
  throw new Fault(`BEFORE ${JSON.stringify(earlier)} is not there. Give a folder that holds manifest-<tag>.json.`);
}

function requireVersion({ reference, platforms }: ImageManifest, { pulumiVersion, tag }: Release): void {
  const versions = [...new Set(Object.values(platforms).map(({ tools }) => tools["pulumi"] ?? "none"))];
  if (versions.length === 1 && versions[0] === pulumiVersion) return;
  throw new Fault(
    `${reference} has Pulumi ${versions.join(" and ")}, and ${pulumiVersion} was asked for. ` +
      (tag === "latest" ? `Give the TAG that latest is now.` : `Release it again: another image has its tag.`),
  );
}

async function report(manifest: Manifest, before: Readonly<Record<string, Before>>, folder: string): Promise<void> {
  const markdown = manifestMarkdown(manifest, before);
  await mkdir(folder, { recursive: true });
  const file = join(folder, fileName(manifest.tag));
  await writeFile(`${file}.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(`${file}.md`, `${markdown}\n`);
  writeSummary(markdown);
  show(`Inside ${manifest.tag}`, [...textTable(versionRows(manifest)), ...baseLines(manifest)]);
  show("Since the release before", beforeLines(manifest, before));
  for (const part of ["tools", "packages"] as const)
    show(`Changed ${part}`, textTable(changeRows(part, manifest, before)));
  console.log(`\nWritten to ${file}.json and .md`);
}

function show(title: string, lines: readonly string[]): void {
  // A table without rows has an empty line.
  if (lines.join("") === "") return;
  heading(title);
  for (const line of lines) console.log(`  ${line}`);
}

function fileName(tag: string): string {
  return `manifest-${tag}`;
}
