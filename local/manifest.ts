import { languagesAskedFor } from "../ci/asked";
import { buildctl } from "../ci/manifest/builder";
import { findReleased } from "../ci/manifest/find";
import { writeManifest } from "../ci/manifest/manifest";
import { requireTag } from "../ci/manifest/stack";
import { repositoryUri } from "../images/registry";
import { ensureEmulation } from "./emulation";
import { setUp } from "./environment";
import { folder } from "./folder";
import { startBuildKit } from "./services";

/**
 * `make manifest`: sets up, runs the images that the local registry, or REGISTRY, has under the tag that a git tag is
 * released as, and writes what is inside to .local. LANGUAGE names some languages, BEFORE a folder of earlier manifests.
 * Throws a Fault where the tag is none, the registry does not have it, or an image cannot be run.
 */
export async function manifest(gitTag: string | undefined): Promise<void> {
  const release = requireTag(gitTag);
  const languages = languagesAskedFor().map(({ name }) => name);
  const { registry, tools } = await setUp();
  const images = await findReleased(release, languages, (language) =>
    repositoryUri({ registry: process.env["REGISTRY"] ?? registry, alias: "" }, language),
  );
  // What the images are for is known only now.
  const platforms = [...new Set(images.flatMap((image) => image.platforms))];
  await ensureEmulation(platforms);
  const builder = buildctl(tools.buildctl, await startBuildKit(tools, folder, { platforms }));
  await writeManifest({ release, images, builder, folder, earlier: process.env["BEFORE"] });
}
