import { join } from "node:path";

import type { Release } from "../../images/gitTag";
import type { Platform } from "../../images/platform";
import { readVariable } from "../../lib/environmentVariables";
import { Fault } from "../../lib/errors";
import type { Clone } from "../../lib/git";
import { readJson } from "../../lib/json";
import { log } from "../../lib/log";
import { builderFromEnvironment, buildx } from "../builder";
import { type PlatformInventory, inventoryName } from "../inventory/inventory";
import { readLayersFolder } from "../stackFile";
import { requireNoEmulation } from "./emulation";
import { requireList } from "./list";

/**
 * Checks the layers that a stack reads, before anything is built from them. LAYERS is the output of the job that wrote them.
 * If it is set, the builder must not run the platform of the layers: what is missing must fail.
 * @returns the platform of the layers; undefined if no other machine wrote any
 * @throws {Fault} if they are not exactly those, or if the builder emulates their platform
 */
export async function requireLayers(release: Release, clone: Clone): Promise<Platform | undefined> {
  const layers = await findLayers(release, clone);
  if (layers === undefined) return undefined;
  const { list, folder } = layers;
  log("layers", `${list.files.length} files for ${list.platform} in ${folder}`);
  await requireNoEmulation(builderFromEnvironment() ?? buildx(), list.platform);
  return list.platform;
}

/** Reads the inventory that came with the layers of a release; undefined if no other machine wrote layers. */
export async function readHandedOver(release: Release, clone: Clone): Promise<PlatformInventory | undefined> {
  const layers = await findLayers(release, clone);
  return layers && readJson<PlatformInventory>(join(layers.folder, inventoryName));
}

async function findLayers({ stack, pulumiVersion }: Release, clone: Clone) {
  const expected = readVariable("LAYERS");
  const layers = await readLayersFolder(clone.folder, stack);
  if (layers === undefined) {
    if (expected === undefined) return undefined;
    throw new Fault(`LAYERS is set, but stack ${stack} reads no layers. Set runner-pulumi:layers in its file.`);
  }
  const folder = join(clone.folder, layers);
  const commit = (await clone.commit("HEAD")) ?? "";
  const list = await requireList(folder, expected, { commit, pulumiVersion });
  return list && { folder, list };
}
