import { rm } from "node:fs/promises";
import { join } from "node:path";

import { type Release, requireRelease } from "../../images/gitTag";
import type { Platform } from "../../images/platform";
import { repositoryUri } from "../../images/repositoryUri";
import { Fault, listProblems } from "../../lib/errors";
import { setOutputs } from "../../lib/githubActions";
import type { Clone } from "../../lib/git";
import { writeJson } from "../../lib/json";
import { log, logHeading } from "../../lib/log";
import { builderFromEnvironment, buildx } from "../builder";
import { readContents } from "../inventory/contents";
import { type PlatformInventory, inventoryName, readPrevious } from "../inventory/inventory";
import { type Preview, runPreview } from "../review/pulumiPreview";
import { readLayersFolder } from "../stackFile";
import type { Target } from "../target";
import { joinLayouts } from "./joinLayouts";
import { writeList } from "./list";

/**
 * Builds the images of a git tag for the platform of this machine, runs their smoke tests, and writes all layers and an
 * inventory into the folder that the tag's stack reads. It publishes nothing. Sets the step output `layers`, the SHA-256 of
 * the list of files. In a pull request, the tag may be one that is not released any more, and there is no inventory.
 * @param target whose `prepare` selects a stack that writes layers, for this platform alone
 */
export async function writeLayers(target: Target, gitTag: string, platform: Platform, clone: Clone): Promise<void> {
  const isReview = process.env["GITHUB_EVENT_NAME"] === "pull_request";
  const release = isReview ? requireRelease(gitTag) : await target.resolve(gitTag);
  if (release === undefined) return;
  const layers = await readLayersFolder(clone.folder, release.stack);
  if (layers === undefined) {
    throw new Fault(`Stack ${release.stack} reads no layers. Set runner-pulumi:layers in its file, then write them.`);
  }
  const folder = join(clone.folder, layers);
  await rm(folder, { recursive: true, force: true });
  const { steps, problems } = await runPreview(await target.prepare(release, []));
  if (problems.length > 0) {
    const lines = problems.map(({ name, message, output }) => [`${name} ${message}`, ...output].join("\n"));
    throw new Fault(listProblems(`The layers of ${platform} cannot be built:`, lines));
  }
  joinLayouts(folder);
  if (!isReview) writeJson(join(folder, inventoryName), await readInventory(steps, platform, release, target));
  const commit = (await clone.commit("HEAD")) ?? "";
  const digest = await writeList(folder, { commit, pulumiVersion: release.pulumiVersion, platform });
  log("layers", `${platform} of ${commit} in ${layers}, SHA-256 ${digest}`);
  setOutputs({ layers: digest });
}

/** Runs the images as the release will publish them, and what is published as the previous release. */
async function readInventory(
  steps: Preview["steps"],
  platform: Platform,
  release: Release,
  target: Target,
): Promise<PlatformInventory> {
  logHeading(`Reading the contents of ${release.tag} for ${platform}`);
  const builder = builderFromEnvironment() ?? buildx();
  const registry = await target.registry();
  const inventory: Record<string, PlatformInventory[string]> = {};
  for (const [name, step] of steps) {
    const language = name.replace(/-image$/, "");
    if (language === name) continue;
    const build = { title: `the new ${name}`, platform, inputs: { ...step.new?.inputs, target: "runner" } };
    const contents = { [platform]: await readContents(builder, build) };
    const image = { repository: repositoryUri(registry, language), platforms: [platform] };
    inventory[language] = { platforms: contents, previous: await readPrevious(image, release, builder) };
    log(language, `${platform}, previous: ${inventory[language].previous?.tag ?? "none"}`);
  }
  return inventory;
}
