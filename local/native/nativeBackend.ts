import { existsSync } from "node:fs";

import { buildctl } from "../../commands/builder";
import type { Backend } from "../backend";
import { addBuilder, builderName } from "../addBuilder";
import { builderFolder, folder, inFolder } from "../folder";
import { requireBuildKitCanStart, startBuildKit } from "./buildKit";
import { ensureBuilderTools } from "./builderTools";
import { followLog } from "./daemon";
import { ensureEmulation } from "./platforms";
import { startRegistry } from "./registry";

/**
 * BuildKit and the registry as processes, built from Go modules.
 * @param instead why Docker is not used, if that was not the user's choice
 */
export function nativeBackend(instead?: string): Backend {
  return {
    name: "native",
    title: "BuildKit, registry",
    minutes: () => (existsSync(builderFolder) ? 0 : 4),
    requireUsable: () => requireBuildKitCanStart(folder, instead),
    start: async (platforms) => {
      await ensureEmulation(platforms);
      const tools = await ensureBuilderTools();
      const buildKit = await startBuildKit(tools, folder, { platforms });
      const registry = await startRegistry(tools);
      addBuilder(builderName, [buildKit]);
      const ownRegistry = { storage: inFolder("registry"), log: followLog("registry", folder) };
      return {
        registry,
        ownRegistry,
        builderLog: inFolder("buildkit.log"),
        buildKit,
        client: buildctl(tools.buildctl, buildKit),
        host: "127.0.0.1",
        env: {},
      };
    },
  };
}
