import type { Workplace } from "../commands/verify/rebuild";
import type { Platform } from "../images/platform";
import type { SignaturePolicy } from "../images/signature";
import { readVariable } from "../lib/environmentVariables";
import { setUp } from "./environment";
import { folder } from "./folder";
import { ownPlatform } from "./native/ownPlatform";
import { ensureRelease } from "./offline/mirror";

/** Prepares this machine to rebuild images: on its own BuildKit, or on the buildx builder in BUILDER. */
export async function localWorkshop(
  images: readonly { readonly version: string; readonly platforms: readonly Platform[] }[],
  platforms: readonly Platform[],
  signatures: SignaturePolicy,
): Promise<Workplace> {
  const ownBuilder = readVariable("BUILDER");
  // The user's own builder has its own emulation, or needs none.
  const environment = await setUp(platforms, { runs: ownBuilder === undefined ? undefined : [ownPlatform()] });
  const { env, builder, registry, bases, pulumiReleases, debianSnapshots, mirrored } = environment;
  for (const image of mirrored ? images : []) await ensureRelease(image.version, image.platforms);
  const { BUILDX_CONFIG, DOCKER_CONFIG, ...others } = env;
  return {
    ...{ folder, bases, pulumiReleases, debianSnapshots },
    // The mirror's releases are not signed.
    signatures: mirrored ? "off" : signatures,
    env: ownBuilder === undefined ? { ...others, BUILDX_CONFIG, DOCKER_CONFIG } : others,
    builder: ownBuilder ?? builder,
    // A separate path, so that published images stay untouched.
    registry: `${registry}/verify`,
  };
}
