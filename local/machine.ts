import type { Builder } from "../commands/inventory/builder";
import { buildctl } from "../commands/inventory/builder";
import type { Workplace } from "../commands/verify/rebuild";
import type { Platform } from "../images/platform";
import type { SignaturePolicy } from "../images/signature";
import { readVariable } from "../lib/environmentVariables";
import { logHeading } from "../lib/log";
import { setUp } from "./environment";
import { folder, prepareFolder } from "./folder";
import { ensureBuilderTools } from "./native/builderTools";
import { ensureEmulation } from "./native/emulation";
import { ownPlatform } from "./native/ownPlatform";
import { requireBuildKitCanStart, startBuildKit } from "./native/services";
import { ensureRelease } from "./offline/mirror";

/** Starts this machine's BuildKit to run images of these platforms. */
export async function localImageRunner(platforms: readonly Platform[]): Promise<Builder> {
  requireBuildKitCanStart(folder);
  logHeading(`Setting up in ${folder}`);
  prepareFolder();
  await ensureEmulation(platforms);
  const tools = await ensureBuilderTools();
  return buildctl(tools.buildctl, await startBuildKit(tools, folder, { platforms }));
}

/** Prepares this machine to rebuild images: on its own BuildKit, or on the buildx builder that BUILDER names. */
export async function localWorkshop(
  images: readonly { readonly version: string; readonly platforms: readonly Platform[] }[],
  platforms: readonly Platform[],
  signatures: SignaturePolicy,
): Promise<Workplace> {
  const given = readVariable("BUILDER");
  // A builder of the user's own brings its own emulation, or needs none.
  const environment = await setUp(platforms, { runs: given === undefined ? undefined : [ownPlatform()] });
  const { env, builder, registry, bases, pulumiReleases, debianSnapshots, mirrored } = environment;
  for (const image of mirrored ? images : []) await ensureRelease(image.version, image.platforms);
  const { BUILDX_CONFIG, DOCKER_CONFIG, ...others } = env;
  return {
    ...{ folder, bases, pulumiReleases, debianSnapshots },
    // Nobody signed what the mirror holds.
    signatures: mirrored ? "off" : signatures,
    env: given === undefined ? { ...others, BUILDX_CONFIG, DOCKER_CONFIG } : others,
    builder: given ?? builder,
    // A path of its own, so that nothing that is published is touched.
    registry: `${registry}/verify`,
  };
}
