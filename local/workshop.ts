import type { Builder } from "../commands/builder";
import type { Workplace } from "../commands/verify/rebuild";
import type { RebuildTarget } from "../commands/verify/targets";
import type { Platform } from "../images/platform";
import type { SignaturePolicy } from "../images/signature";
import { readVariable } from "../lib/environmentVariables";
import { setUp, startServices } from "./environment";
import { folder } from "./folder";
import { ownPlatform } from "./native/platforms";
import { ensureRelease } from "./offline/mirror";

/** Starts this machine's BuildKit as the builder that reads images of these platforms. */
export async function localBuilder(platforms: readonly Platform[]): Promise<Builder> {
  return (await startServices(platforms, "read")).client;
}

/** Prepares this machine to rebuild images: on its own BuildKit, or on the buildx builder in BUILDER. */
export async function localWorkshop(
  images: readonly Pick<RebuildTarget, "language" | "version" | "platforms">[],
  platforms: readonly Platform[],
  signatures: SignaturePolicy,
): Promise<Workplace> {
  const ownBuilder = readVariable("BUILDER");
  // The user's own builder has its own emulation, or needs none. BUILDX_CONFIG and DOCKER_CONFIG are the user's, too.
  const languages = images.map(({ language }) => language);
  const runs = ownBuilder === undefined ? platforms : [ownPlatform()];
  const environment = await setUp(platforms, { languages, runs });
  for (const image of environment.mirrored ? images : []) await ensureRelease(image.version, image.platforms);
  const { BUILDX_CONFIG, DOCKER_CONFIG, ...env } = environment.env;
  return {
    signatures,
    ...environment.config,
    folder,
    env: ownBuilder === undefined ? { ...env, BUILDX_CONFIG, DOCKER_CONFIG } : env,
    builder: ownBuilder ?? environment.builder,
    // A separate path, so that published images stay untouched.
    registry: `${environment.registry}/verify`,
  };
}
