import { type Builder, buildctl } from "../commands/builder";
import type { Platform } from "../images/platform";
import { prepareBuilder } from "./environment";
import { folder } from "./folder";
import { startBuildKit } from "./native/buildKit";

/** Starts this machine's BuildKit as the builder that runs images of these platforms. */
export async function localBuilder(platforms: readonly Platform[]): Promise<Builder> {
  const tools = await prepareBuilder(platforms);
  return buildctl(tools.buildctl, await startBuildKit(tools, folder, { platforms }));
}
