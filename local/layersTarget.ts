import { mkdirSync } from "node:fs";

import { readStackConfig } from "../commands/stackFile";
import { stackTarget } from "../commands/stackTarget";
import type { Target } from "../commands/target";
import { layersStack } from "../images/configReaders";
import type { Platform } from "../images/platform";
import type { Clone } from "../lib/git";
import { folder, inFolder } from "./folder";
import { configFileOf, prepareStack } from "./stack";

/** What belongs to a stack's own state and registry, and caches: layers are always built from nothing. */
const left = ["aws:region", "runner-pulumi:alias", "runner-pulumi:adoptRepositories", "runner-pulumi:cache"];

/**
 * The target that writes layers for a release of stack dev or prod. It builds what that stack builds, for this machine's
 * platform, on a stack with its own state in the ignored folder: no login, and nothing is pushed.
 */
export function layersTarget(stack: "dev" | "prod", clone: Clone, platform: Platform): Target {
  const env = {
    ...process.env,
    PULUMI_BACKEND_URL: `file://${inFolder("layers", "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "layers",
  };
  const own = { name: layersStack, env, folder: inFolder("layers", "project") };
  return {
    ...stackTarget(stack, clone),
    prepare: async ({ pulumiVersion }, languages) => {
      mkdirSync(inFolder("layers", "state"), { recursive: true });
      const entries = Object.entries(await readStackConfig(clone.folder, stack));
      const shared = Object.fromEntries(entries.filter(([key]) => !left.includes(key)));
      // Layers are the same for every tag. For `latest`, the program would ask the registry what it serves.
      const tag = `v${pulumiVersion}`;
      const changed = { pulumiVersion, tag, platforms: [platform], registry: "localhost:5000" };
      const named = Object.entries(changed).map(([key, value]) => [`runner-pulumi:${key}`, value] as const);
      await prepareStack(own, { ...shared, ...Object.fromEntries(named) });
      const selected = { PULUMI_STACK: own.name, PULUMI_OPTION_CONFIG_FILE: configFileOf(own) };
      return { folder: clone.folder, env: { ...env, ...selected }, logs: folder, languages };
    },
  };
}
