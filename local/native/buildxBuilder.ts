import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { inFolder } from "../folder";

/**
 * Registers BuildKits with buildx as the nodes of one builder, in the file that `docker buildx create --driver remote`
 * writes. buildx chooses the node of a platform by the platforms that each one supports.
 * @returns the builder's name
 */
export function addBuilder(name: string, addresses: readonly string[]): string {
  const nodes = addresses.map((address, index) => ({
    Name: `${name}${index}`,
    Endpoint: address,
    Platforms: null,
    DriverOpts: {},
    Flags: null,
    Files: null,
  }));
  const folder = inFolder("buildx", "instances");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify({ Name: name, Driver: "remote", Nodes: nodes, Dynamic: false }));
  return name;
}
