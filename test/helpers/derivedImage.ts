import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import { buildctl } from "../../commands/builder";
import { ownPlatform } from "../../local/native/platforms";
import { RuncBox, contractFolder } from "../contract/runcBox";
import type { Scratch } from "./scratch";

/**
 * Builds stage `derived` of a Dockerfile, and pushes it.
 * @param named folders by the names that the Dockerfile calls them
 * @param options further options of BuildKit's client
 */
export async function pushDerived(
  { place }: Scratch,
  reference: string,
  dockerfile: string,
  { named = {}, options = [] }: { named?: Record<string, { location: string }>; options?: readonly string[] } = {},
): Promise<void> {
  const { tools, buildKit } = place.environment;
  await using folder = await mkdtempDisposable(join(tmpdir(), "derived-"));
  await writeFile(join(folder.path, "Dockerfile"), dockerfile);
  const inputs = { target: "derived", context: { location: folder.path, named } };
  const build = { title: reference, platform: ownPlatform(), inputs };
  const output = `type=image,name=${reference},push=true`;
  const [program = "", ...args] = buildctl(tools.buildctl, buildKit).command(build, folder.path, output);
  await execa(program, [...args, ...options]);
}

/**
 * Opens an image for containers on this machine.
 * @param folder for its files, which stay for the next test; by default shared with `make contract`
 */
export async function openBox(
  { place }: Scratch,
  reference: string,
  platform = ownPlatform(),
  folder = contractFolder,
): Promise<RuncBox> {
  const { tools, buildKit: address } = place.environment;
  const engine = { runc: tools.runc, buildKit: { buildctl: tools.buildctl, address } };
  return RuncBox.open(engine, { reference, platform }, folder);
}
