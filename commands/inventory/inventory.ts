import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { readArchives } from "../../images/archive";
import { type Language, catalogue } from "../../images/catalogue";
import { type Release, requireRelease } from "../../images/gitTag";
import { findLeftOut, findUnused } from "../../images/hosts";
import type { Platform } from "../../images/platform";
import { getPulumiRelease } from "../../images/pulumiRelease";
import { repositoryUri } from "../../images/repositoryUri";
import { Fault, messageOf } from "../../lib/errors";
import { addSummary } from "../../lib/githubActions";
import { log, logHeading } from "../../lib/log";
import { type Builder, builderFromEnvironment } from "../builder";
import { type Target, requirePublisher } from "../target";
import { type InventoryImage, type LeftOutContents, readContents } from "./contents";
import { type ServedImage, previousTag, readServed, reading } from "./servedImages";
import { render } from "./tables";

/** What one machine found out about its platform, by language; the previous release, too. */
export type PlatformInventory = Readonly<Record<string, Pick<InventoryImage, "platforms" | "previous">>>;

/** The file of it in a folder of layers. */
export const inventoryName = "inventory.json";

/**
 * Runs the images that a target publishes under a tag and lists the tools and packages inside: a table on stdout,
 * and `inventory-<tag>.json` and `.md` in a folder.
 * @param machine starts a builder that runs images of these platforms, if neither BUILDKIT_HOST nor BUILDER names one
 * @param handedOver what another machine found out about platforms that this one does not run
 * @throws {Fault} if an image cannot be run, has another Pulumi version than its tag says, or a probe fails
 */
export async function inventory(
  target: Target,
  gitTag: string,
  languages: readonly Language[],
  machine: (platforms: readonly Platform[]) => Promise<Builder>,
  folder = join(__dirname, "..", "..", ".local"),
  handedOver: PlatformInventory = {},
): Promise<void> {
  const release = requireRelease(gitTag);
  requirePublisher(target, release.stack);
  const registry = await target.registry();
  const wanted = languages.length > 0 ? languages : catalogue;
  const found = new Map(
    await Promise.all(
      wanted.map(async ({ name }) => [name, await readServed(repositoryUri(registry, name), release.tag)] as const),
    ),
  );
  const platforms = [...new Set([...found.values()].flatMap((image) => image?.platforms ?? []))];
  const leftOut = await readLeftOut(target, release, platforms, wanted);
  const served = requireServed(found, release, leftOut, (name) => repositoryUri(registry, name));
  const builder = builderFromEnvironment() ?? (await machine(platforms));
  logHeading(`Reading the contents of ${release.tag}`);
  const images: Record<string, InventoryImage> = {};
  // Sequential, because each is up to four builds.
  for (const [language, image] of Object.entries(served)) {
    images[language] = await readInventory(image, release, builder, handedOver[language]);
    log(language, `${image.platforms.join(", ")}, previous: ${images[language].previous?.tag ?? "none"}`);
  }
  const contents = { version: release.pulumiVersion, tag: release.tag, images, leftOut };
  const file = join(folder, `inventory-${release.tag}`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${file}.json`, `${JSON.stringify(contents, null, 2)}\n`);
  await writeFile(`${file}.md`, `${render(contents, "markdown")}\n`);
  addSummary(render(contents, "markdown"));
  console.log(render(contents, "text"));
  log("inventory", `${file}.json and .md`);
}

/** Compares Pulumi's archives with the catalogue. The images are public by now, so a problem must not end it. */
async function readLeftOut(
  target: Target,
  { pulumiVersion }: Release,
  platforms: readonly Platform[],
  languages: readonly Language[],
): Promise<LeftOutContents> {
  try {
    const source = { ...(await target.releases()), warn: (sentence: string) => log("warning", sentence) };
    const release = await readArchives(await getPulumiRelease(pulumiVersion, platforms, source));
    return { files: findUnused(release), languages: findLeftOut(languages, release) };
  } catch (error) {
    if (error instanceof Fault) return { problem: messageOf(error) };
    throw error;
  }
}

/** The images of the languages that the release did not leave out. Fails if one of them does not exist. */
function requireServed(
  found: ReadonlyMap<string, ServedImage | undefined>,
  { tag, pulumiVersion }: Release,
  leftOut: LeftOutContents,
  repositoryOf: (language: string) => string,
): Record<string, ServedImage> {
  const reasons = "languages" in leftOut ? leftOut.languages : {};
  const expected = [...found].filter(([name]) => reasons[name] === undefined);
  const missing = expected.filter(([, image]) => image === undefined).map(([name]) => repositoryOf(name));
  if (missing.length === 0) return Object.fromEntries(expected) as Record<string, ServedImage>;
  throw new Fault(
    `Tag ${tag} does not exist in ${missing.join(", ")}. Release Pulumi ${pulumiVersion} under it first, or select ` +
      `languages that have it, such as LANGUAGE=python.`,
  );
}

async function readInventory(
  image: ServedImage,
  release: Release,
  builder: Builder,
  handedOver: PlatformInventory[string] = { platforms: {} },
): Promise<InventoryImage> {
  const own = { ...image, platforms: image.platforms.filter((platform) => !(platform in handedOver.platforms)) };
  const reads = [readImageContents(own, builder), readPrevious(own, release, builder)] as const;
  const [found, before] = await Promise.all(reads);
  const now = { ...found, platforms: { ...found.platforms, ...withLayers(image, handedOver.platforms) } };
  const previous = joinPrevious(before, "previous" in handedOver ? handedOver.previous : before);
  const versions = new Set(Object.values(now.platforms).map(({ tools }) => tools["pulumi"] ?? "none"));
  if (versions.size === 1 && versions.has(release.pulumiVersion)) return { ...now, previous };
  throw new Fault(
    `${image.reference} has Pulumi ${[...versions].join(" and ")} instead of ${release.pulumiVersion}. ` +
      (release.tag === "latest"
        ? "Use the TAG that latest serves now."
        : "Re-release it: its tag serves another image."),
  );
}

async function readImageContents(image: ServedImage, builder: Builder) {
  const { reference, base, platforms } = image;
  const contents = platforms.map(async (platform) => {
    const build = { title: reference, platform, inputs: { target: reference } };
    return [platform, await readContents(builder, build)] as const;
  });
  return { reference, base, platforms: withLayers(image, Object.fromEntries(await Promise.all(contents))) };
}

function withLayers({ layers }: ServedImage, platforms: InventoryImage["platforms"]): InventoryImage["platforms"] {
  const entries = Object.entries(platforms);
  return Object.fromEntries(
    entries.map(([platform, contents]) => [platform, { ...contents, layers: layers[platform] ?? {} }]),
  );
}

type Previous = InventoryImage["previous"];

/** Joins what two machines found out about the previous release. Another one may have been published between them. */
function joinPrevious(own: Previous, other: Previous): Previous {
  if (own === undefined || other === undefined || "problem" in own) return own;
  if ("problem" in other) return other;
  if (own.tag !== other.tag) return { tag: own.tag, problem: `the other platform was compared with ${other.tag}` };
  return { ...own, platforms: { ...own.platforms, ...other.platforms } };
}

/** Reads the platforms that both have. The release is public by now, so a problem with the previous one must not end it. */
export async function readPrevious(
  { repository, platforms }: Pick<ServedImage, "repository" | "platforms">,
  release: Release,
  builder: Builder,
): Promise<Previous> {
  let tag: string | undefined;
  try {
    tag = previousTag(release, await reading(repository, (client) => client.tags()));
    const previous = tag && (await readServed(repository, tag));
    if (!tag || !previous) return undefined;
    const common = previous.platforms.filter((platform) => platforms.includes(platform));
    return { tag, ...(await readImageContents({ ...previous, platforms: common }, builder)) };
  } catch (error) {
    if (error instanceof Fault) return { tag: tag ?? "the previous release", problem: messageOf(error) };
    throw error;
  }
}
