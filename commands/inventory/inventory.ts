import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type Language, catalogue } from "../../images/catalogue";
import { type Release, requireRelease } from "../../images/gitTag";
import type { Platform } from "../../images/platform";
import { repositoryUri } from "../../images/repositoryUri";
import { Fault, messageOf } from "../../lib/errors";
import { addSummary } from "../../lib/githubActions";
import { log, logHeading } from "../../lib/log";
import { type Target, requirePublisher } from "../target";
import { type Builder, builderFromEnvironment } from "../builder";
import { type Contents, readContents } from "./contents";
import { type ServedImage, findPreviousTag, readReleased, readServed } from "./servedImages";
import { render } from "./tables";

/** What is inside an image. */
export interface ImageContents extends Pick<ServedImage, "reference" | "base"> {
  readonly platforms: Readonly<Partial<Record<Platform, Contents>>>;
}

/** The image of the previous release, or why its contents are unknown. */
export type Previous = { readonly tag: string } & (ImageContents | { readonly problem: string });

/** What is inside the images of a release. */
export interface Inventory {
  /** The Pulumi version, X.Y.Z. */
  readonly version: string;
  /** The image tag. */
  readonly tag: string;
  /** The images by language, in the order of the catalogue; without `previous` if it is the first release. */
  readonly images: Readonly<Record<string, ImageContents & { readonly previous?: Previous | undefined }>>;
}

/** Starts a builder that runs images of these platforms. */
export type MachineBuilder = (platforms: readonly Platform[]) => Promise<Builder>;

/**
 * Runs the images that a target publishes under a tag and lists the tools and packages inside: a table on stdout,
 * and `inventory-<tag>.json` and `.md` in a folder.
 * @param machine used if neither BUILDKIT_HOST nor BUILDER names a builder
 * @throws {Fault} if an image cannot be run, has another Pulumi version than its tag says, or a probe fails
 */
export async function inventory(
  target: Target,
  gitTag: string,
  languages: readonly Language[],
  machine: MachineBuilder,
  folder = join(__dirname, "..", "..", ".local"),
): Promise<void> {
  const release = requireRelease(gitTag);
  requirePublisher(target, release.stack);
  const registry = await target.registry();
  const names = (languages.length > 0 ? languages : catalogue).map(({ name }) => name);
  const repositories = Object.fromEntries(names.map((name) => [name, repositoryUri(registry, name)]));
  const images = await readReleased(release, repositories);
  const platforms = [...new Set(Object.values(images).flatMap((image) => image.platforms))];
  const contents = await readInventory(release, images, builderFromEnvironment() ?? (await machine(platforms)));
  const markdown = render(contents, "markdown");
  const file = join(folder, `inventory-${release.tag}`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${file}.json`, `${JSON.stringify(contents, null, 2)}\n`);
  await writeFile(`${file}.md`, `${markdown}\n`);
  addSummary(markdown);
  console.log(render(contents, "text"));
  log("inventory", `${file}.json and .md`);
}

/** Runs every image of a release and the previous one of each. */
export async function readInventory(
  release: Release,
  images: Readonly<Record<string, ServedImage>>,
  builder: Builder,
): Promise<Inventory> {
  logHeading(`Reading the contents of ${release.tag}`);
  const found: [string, Inventory["images"][string]][] = [];
  // Sequential, because each is up to four builds.
  for (const [language, image] of Object.entries(images)) {
    const [now, previous] = await Promise.all([
      readImageContents(image, builder),
      readPrevious(image, release, builder),
    ]);
    requireVersion(now, release);
    found.push([language, { ...now, previous }]);
    log(language, `${image.platforms.join(", ")}, previous: ${previous?.tag ?? "none"}`);
  }
  return { version: release.pulumiVersion, tag: release.tag, images: Object.fromEntries(found) };
}

async function readImageContents(
  { reference, base, platforms }: ServedImage,
  builder: Builder,
): Promise<ImageContents> {
  const contents = platforms.map(async (platform) => {
    const build = { title: reference, dockerfile: "", target: reference, platform };
    return [platform, await readContents(builder, build)] as const;
  });
  return { reference, base, platforms: Object.fromEntries(await Promise.all(contents)) };
}

/** Reads the platforms that both have. The release is public by now, so a problem with the previous one must not end it. */
async function readPrevious(image: ServedImage, release: Release, builder: Builder): Promise<Previous | undefined> {
  let tag: string | undefined;
  try {
    tag = await findPreviousTag(image.repository, release);
    const previous = tag === undefined ? undefined : await readServed(image.repository, tag);
    if (tag === undefined || previous === undefined) return undefined;
    const platforms = previous.platforms.filter((platform) => image.platforms.includes(platform));
    return { tag, ...(await readImageContents({ ...previous, platforms }, builder)) };
  } catch (error) {
    if (error instanceof Fault) return { tag: tag ?? "the previous release", problem: messageOf(error) };
    throw error;
  }
}

function requireVersion({ reference, platforms }: ImageContents, { pulumiVersion, tag }: Release): void {
  const versions = [...new Set(Object.values(platforms).map(({ tools }) => tools["pulumi"] ?? "none"))];
  if (versions.length === 1 && versions[0] === pulumiVersion) return;
  throw new Fault(
    `${reference} has Pulumi ${versions.join(" and ")} instead of ${pulumiVersion}. ` +
      (tag === "latest" ? "Use the TAG that latest serves now." : "Release it again: its tag serves another image."),
  );
}
