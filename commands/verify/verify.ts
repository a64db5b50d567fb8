import { type Language, catalogue } from "../../images/catalogue";
import type { Platform } from "../../images/platform";
import type { SignaturePolicy } from "../../images/signature";
import { Fault } from "../../lib/errors";
import { Clone } from "../../lib/git";
import { formatDuration, logHeading } from "../../lib/log";
import { selectedPlatforms } from "../selection";
import { readSignatures } from "../stackFile";
import type { Target } from "../target";
import { type AskedTag, type PublishedImage, askedTag, readPublished } from "./published";
import { type Workplace, checkout, rebuild } from "./rebuild";
import { changedSources, judge } from "./verdict";

/** Prepares a place to rebuild images of these versions and platforms. */
export type Workshop = (
  images: readonly Pick<PublishedImage, "version" | "platforms">[],
  platforms: readonly Platform[],
  signatures: SignaturePolicy,
) => Promise<Workplace>;

/**
 * Rebuilds what a target publishes under a tag, without any cache, and compares both.
 * @throws {Fault} if anything differs, or if there is nothing to compare with
 */
export async function verify(
  target: Target,
  gitTag: string,
  languages: readonly Language[],
  workshop: Workshop,
): Promise<void> {
  const asked = askedTag(gitTag);
  requirePublisher(target, asked.stack);
  const published = await readPublished(
    await target.registry(),
    asked.tag,
    languages.length > 0 ? languages : catalogue,
  );
  const images = limitPlatforms(published, asked.tag);
  const signatures = target.stack === "local" ? "required" : await readSignatures(checkout, target.stack);
  // Those that were published, of which PLATFORMS may leave out some: a substitute base for both differs from one for one.
  const allPlatforms = [...new Set(published.flatMap((image) => image.platforms))];
  const place = await workshop(images, allPlatforms, signatures);
  logHeading(`Rebuilding ${gitTag} without cache`);
  const began = Date.now();
  const verdict = await judge(asked, images, (all) => rebuild(all, place));
  logHeading("Compared");
  for (const line of verdict.lines) console.log(`  ${line}`);
  const took = formatDuration(Date.now() - began);
  if (!verdict.identical) throw new Fault(await difference(gitTagOf(asked, images), took));
  console.log(`\n${gitTag} is what this checkout builds (${took}).`);
}

/** Fails if another stack than the target publishes the tag. */
export function requirePublisher({ stack }: Target, publisher: string): void {
  if (stack === "local" || stack === publisher) return;
  throw new Fault(`STACK "${stack}" does not publish that tag: stack ${publisher} does. Use STACK=${publisher}.`);
}

/** The images with the platforms in PLATFORMS alone, if it is set. */
function limitPlatforms(images: readonly PublishedImage[], tag: string): readonly PublishedImage[] {
  const wanted = selectedPlatforms();
  if (wanted === undefined) return images;
  return images.map((image) => {
    const platforms = image.platforms.filter((platform) => wanted.includes(platform));
    if (platforms.length === wanted.length) return { ...image, platforms };
    throw new Fault(
      `PLATFORMS "${wanted.join(",")}" are not among the platforms of ${image.language.name}:${tag}, ` +
        `${image.platforms.join(",")}. Use some of these, or omit PLATFORMS.`,
    );
  });
}

/** The git tag that was released as an image tag: for `latest`, that of the version that it serves. */
function gitTagOf({ tag, version }: AskedTag, [image]: readonly PublishedImage[]): string {
  return tag === "latest" ? `latest-v${version ?? image?.version}` : tag;
}

async function difference(gitTag: string, took: string): Promise<string> {
  const sources = await changedSources(new Clone(checkout), gitTag);
  const rebuilt = `The rebuilt images stay in the local registry, under verify/ (${took}).`;
  return [`${gitTag} is not what this checkout builds, see above.`, sources, rebuilt].filter(Boolean).join(" ");
}
