import { existsSync } from "node:fs";

import { inFolder } from "./folder";
import { builderFolder } from "./native/builderTools";

/** The parts that a first set-up installs, and how long each takes if nothing is cached; measured on two cores. */
const parts = [
  { title: "BuildKit, registry", path: builderFolder, minutes: 5 },
  { title: "Pulumi CLI, plugin", path: inFolder("pulumi", "plugins"), minutes: 5 },
  { title: "base images", path: inFolder("bases.json"), minutes: 3 },
];

/** Describes how long a set-up will take and how much disk it needs; undefined if every part is installed. */
export function estimateSetUp(isInstalled: (path: string) => boolean = existsSync): string | undefined {
  const missing = parts.filter(({ path }) => !isInstalled(path));
  if (missing.length === 0) return undefined;
  const minutes = missing.reduce((sum, part) => sum + part.minutes, 0);
  const titles = missing.map(({ title }) => title).join(", ");
  return `up to ${minutes} minutes: ${titles}; .local grows to 9 GB`;
}
