import { type Language, catalogue } from "../../images/catalogue";
import { versionLabel } from "../../images/labels";
import type { Platform } from "../../images/platform";
import type { SignaturePolicy } from "../../images/signature";
import { Fault } from "../../lib/errors";
import { Clone } from "../../lib/git";
import { formatDuration, logHeading } from "../../lib/log";
import { textTable } from "../../lib/table";
import { selectedPlatforms } from "../selection";
import { readSignatures } from "../stackFile";
import { type Target, requirePublisher } from "../target";
import { type ImageReference, compareImages } from "./compare";
import { type Workplace, checkout, rebuild } from "./rebuild";
import { type ImageTag, type RebuildTarget, limitPlatforms, readRebuildTargets, requireImageTag } from "./targets";

/** Prepares a place to rebuild images of these versions and platforms. */
type Workshop = (images: RebuildTarget[], platforms: Platform[], signatures: SignaturePolicy) => Promise<Workplace>;

/** Rebuilds what a target publishes under a tag, without any cache, and compares. @throws {Fault} if anything differs */
export async function verify(target: Target, gitTag: string, languages: readonly Language[], workshop: Workshop) {
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
  const { identical, lines } = await judge(tag, images, await rebuild(images, place));
  logHeading("Compared");
  for (const line of lines) console.log(`  ${line}`);
  const took = formatDuration(Date.now() - began);
  if (!identical) throw new Fault(await describeFailure(tag, images, took));
  console.log(`\n${gitTag} is what this checkout builds (${took}).`);
}

/** Whether a published tag is what was rebuilt, and what to print about it. */
export type Verdict = Awaited<ReturnType<typeof judge>>;

/** Compares images with their rebuilds: the lines to print, and whether all are identical and of the tag's version. */
export async function judge(wanted: ImageTag, targets: readonly RebuildTarget[], rebuilt: readonly ImageReference[]) {
  const { tag, pulumiVersion: expected } = wanted;
  const labels = targets
    .filter(({ version }) => version !== (expected ?? version))
    .map(({ language: { name }, version }) => {
      return `${name}: ${tag} should be Pulumi ${expected}, but label ${versionLabel} says ${version}.`;
    });
  const rows = [];
  const details: string[] = [];
  for (const [index, target] of targets.entries()) {
    const language = target.language.name;
    for (const { platform, digest, differences } of await compareImages(target, rebuilt[index]!, target.platforms)) {
      const isIdentical = differences.length === 0;
      rows.push({ language, platform, result: isIdentical ? "identical" : "different", digest });
      if (isIdentical) continue;
      details.push("", `${language} ${platform}, served → rebuilt:`, ...differences.map((line) => `  ${line}`));
    }
  }
  return { identical: labels.length + details.length === 0, lines: [...labels, ...textTable(rows), ...details] };
}

async function describeFailure({ tag, pulumiVersion }: ImageTag, images: readonly RebuildTarget[], took: string) {
  // For latest, the tag of the version that it serves.
  const gitTag = tag === "latest" ? `latest-v${pulumiVersion ?? images[0]?.version}` : tag;
  const sources = await changedSources(new Clone(checkout), gitTag);
  const rebuilt = `The rebuilt images stay in the local registry, under verify/ (${took}).`;
  return [`${gitTag} is not what this checkout builds, see above.`, sources, rebuilt].filter(Boolean).join(" ");
}

/** The TypeScript files that an image's content depends on. */
const modules = ["build", "catalogue", "dockerfile", "labels", "runnerImage"].map((name) => `images/${name}.ts`);

/** Names the sources of the images that differ between a checkout and a tag: the likeliest cause of a difference. */
export async function changedSources(clone: Clone, revision: string): Promise<string | undefined> {
  const commit = await clone.commit(revision);
  if (commit === undefined) return `This checkout has no tag ${revision}: its Dockerfiles may be another commit's.`;
  const changed = await clone.git("diff", "--name-only", commit, "--", "dockerfiles", ...modules);
  if (changed === "") return undefined;
  return (
    `This checkout differs from ${revision} (${commit.slice(0, 12)}) in ${changed.split("\n").join(", ")}. ` +
    `Check that commit out and verify again. If the release was dispatched from main, "gh attestation verify" names its commit.`
  );
}
