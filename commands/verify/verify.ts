import { type Language, catalogue } from "../../images/catalogue";
import type { Platform } from "../../images/platform";
import type { SignaturePolicy } from "../../images/signature";
import { Fault } from "../../lib/errors";
import { Clone } from "../../lib/git";
import { formatDuration, logHeading } from "../../lib/log";
import { selectedPlatforms } from "../selection";
import { readSignatures } from "../stackFile";
import { type Target, requirePublisher } from "../target";
import { changedSources } from "./changedSources";
import { type ImageTag, requireImageTag } from "./imageTag";
import { type Workplace, checkout, rebuild } from "./rebuild";
import { type RebuildTarget, limitPlatforms, readRebuildTargets } from "./rebuildTargets";
import { judge } from "./verdict";

/** Prepares a place to rebuild images of these versions and platforms. */
export type Workshop = (
  images: readonly Pick<RebuildTarget, "version" | "platforms">[],
  platforms: readonly Platform[],
  signatures: SignaturePolicy,
) => Promise<Workplace>;

/**
 * Rebuilds what a target publishes under a tag, without any cache, and compares both.
 * @param languages none means all
 * @throws {Fault} if anything differs, or if there is nothing to compare with
 */
export async function verify(
  target: Target,
  gitTag: string,
  languages: readonly Language[],
  workshop: Workshop,
): Promise<void> {
  const tag = requireImageTag(gitTag);
  requirePublisher(target, tag.stack);
  const selected = languages.length > 0 ? languages : catalogue;
  const published = await readRebuildTargets(await target.registry(), tag.tag, selected);
  const images = limitPlatforms(published, selectedPlatforms());
  const signatures = target.stack === "local" ? "required" : await readSignatures(checkout, target.stack);
  // Also those that PLATFORMS leaves out: a substitute base for both platforms differs from one for a single platform.
  const allPlatforms = [...new Set(published.flatMap((image) => image.platforms))];
  const place = await workshop(images, allPlatforms, signatures);
  logHeading(`Rebuilding ${gitTag} without cache`);
  const began = Date.now();
  const verdict = await judge(tag, images, (all) => rebuild(all, place));
  logHeading("Compared");
  for (const line of verdict.lines) console.log(`  ${line}`);
  const took = formatDuration(Date.now() - began);
  if (!verdict.identical) throw new Fault(await describeFailure(gitTagOf(tag, images), took));
  console.log(`\n${gitTag} is what this checkout builds (${took}).`);
}

/** The git tag that was released as an image tag: for `latest`, that of the version that it serves. */
function gitTagOf({ tag, version }: ImageTag, [image]: readonly RebuildTarget[]): string {
  return tag === "latest" ? `latest-v${version ?? image?.version}` : tag;
}

async function describeFailure(gitTag: string, took: string): Promise<string> {
  const sources = await changedSources(new Clone(checkout), gitTag);
  const rebuilt = `The rebuilt images stay in the local registry, under verify/ (${took}).`;
  return [`${gitTag} is not what this checkout builds, see above.`, sources, rebuilt].filter(Boolean).join(" ");
}
