import { languagesAskedFor } from "../ci/asked";
import { requireRelease } from "../ci/decide";
import { buildctl } from "../ci/manifest/builder";
import { findReleased } from "../ci/manifest/find";
import { writeManifest } from "../ci/manifest/manifest";
import { heading } from "../ci/say";
import { repositoryUri } from "../images/registry";
import { ensureEmulation } from "./emulation";
import { folder, prepareFolder } from "./folder";
import { registryAskedFor } from "./registryAskedFor";
import { requireBuildKitCanStart, startBuildKit } from "./services";
import { ensureBuilderTools } from "./tools";

/**
 * `make manifest`: runs the images that are published under the tag that a git tag is released as, in the local registry
 * or where STACK or REGISTRY say, and writes what is inside to .local. LANGUAGE names some languages, BEFORE a folder of
 * earlier manifests. Throws a Fault where the tag is none, the registry does not have it, or an image cannot be run.
 */
export async function manifest(gitTag: string): Promise<void> {
  const release = requireRelease(gitTag);
  requireBuildKitCanStart(folder);
  const languages = languagesAskedFor().map(({ name }) => name);
  const registry = await registryAskedFor(release.stack);
  const images = await findReleased(release, languages, (language) => repositoryUri(registry, language));
  heading(`Setting up in ${folder}`);
  prepareFolder();
  const platforms = [...new Set(images.flatMap((image) => image.platforms))];
  await ensureEmulation(platforms);
  const tools = await ensureBuilderTools();
  const builder = buildctl(tools.buildctl, await startBuildKit(tools, folder, { platforms }));
  await writeManifest({ release, images, builder, folder, earlier: process.env["BEFORE"] });
}
