import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { writeJson } from "../lib/json";
import { inFolder } from "./folder";

/** The name of the builder that has this checkout's BuildKit. */
export const builderName = "runner-pulumi";

/**
 * Registers BuildKits with buildx as the nodes of one builder, in the file that `docker buildx create --driver remote`
 * writes. buildx chooses the node of a platform by the platforms that each one supports. Returns the name.
 * @param config the folder of buildx, BUILDX_CONFIG
 */
export function addBuilder(name: string, addresses: readonly string[], config = inFolder("buildx")): string {
  const unset = { Platforms: null, DriverOpts: {}, Flags: null, Files: null };
  const nodes = addresses.map((address, index) => ({ Name: `${name}${index}`, Endpoint: address, ...unset }));
  const folder = join(config, "instances");
  mkdirSync(folder, { recursive: true });
  writeJson(join(folder, name), { Name: name, Driver: "remote", Nodes: nodes, Dynamic: false });
  return name;
}
