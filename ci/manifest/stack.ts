import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { repositoryUri } from "../../images/registry";
import { languagesAskedFor } from "../asked";
import { requireRelease } from "../decide";
import { readBuilder, readStackRegistry } from "../stackFile";
import { writeOutputs } from "../workflowFiles";
import { type Builder, buildctl, buildx } from "./builder";
import { findReleased } from "./find";
import { writeManifest } from "./manifest";

/**
 * In CI, after a release: runs the images that the stack of a git tag has under its tag, where the stack's file of the
 * checkout says, and writes what is inside to the folder of logs, to the summary of the job and, as JSON, to the output
 * `notes` of the step. Throws a Fault where the tag is none, the registry does not have it, or an image cannot be run.
 */
export async function manifestOfStack(gitTag: string, checkout: string, logs: string): Promise<void> {
  const release = requireRelease(gitTag);
  const registry = await readStackRegistry(checkout, release.stack);
  const languages = languagesAskedFor().map(({ name }) => name);
  const images = await findReleased(release, languages, (language) => repositoryUri(registry, language));
  const builder = await builderOf(checkout, release.stack);
  await writeManifest({ release, images, builder, folder: logs, earlier: process.env["BEFORE"] });
  const notes = await readFile(join(logs, `manifest-${release.tag}.md`), "utf8");
  // As JSON: an output is one line.
  writeOutputs({ notes: JSON.stringify(notes) });
}

/** The builder that the stack releases with, or, where BUILDKIT_HOST is set, the BuildKit at that address. */
async function builderOf(checkout: string, stack: string): Promise<Builder> {
  // The variable of buildctl, https://github.com/moby/buildkit#quick-start
  const address = process.env["BUILDKIT_HOST"];
  if (address !== undefined && address !== "") return buildctl("buildctl", address);
  return buildx(await readBuilder(checkout, stack));
}
