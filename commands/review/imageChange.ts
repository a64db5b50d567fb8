import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { type Platform, allPlatforms } from "../../images/platform";
import { Fault, messageOf } from "../../lib/errors";
import { log } from "../../lib/log";
import { readImages } from "../../lib/oci/image";
import type { Manifest } from "../../lib/oci/repositoryClient";
import { type Build, type Builder, builderFromEnvironment, buildx, readBuild } from "../builder";
import { type Contents, type VersionChange, type Versions, compare, readContents } from "../inventory/contents";
import { reading } from "../inventory/servedImages";
import type { ImageStep } from "./pulumiPreview";

/** How a change of the checkout changes a published image: on the first platform that differs. */
export interface ImageChange {
  readonly platform: Platform;
  /** Whether another image would be published, for any platform. */
  readonly differs: boolean;
  /** Compressed size of the layers in bytes. */
  readonly size: { readonly before: number; readonly now: number };
  /** The tools and the Debian packages whose versions differ, by name. */
  readonly tools: ReadonlyMap<string, VersionChange>;
  readonly packages: ReadonlyMap<string, VersionChange>;
}

/**
 * Builds an Image as a release would, in seconds after its smoke test, and compares it. Returns why if that fails.
 * @param unrunnable a platform that the builder does not run: its image comes from layers, and its contents stay unknown
 */
export async function readImageChange(
  name: string,
  step: ImageStep,
  unrunnable?: Platform,
): Promise<ImageChange | { problem: string }> {
  log(name, "compared with what is published");
  return compareImage(name, step, unrunnable).catch((error: unknown) => {
    if (error instanceof Fault) return { problem: messageOf(error) };
    throw error;
  });
}

async function compareImage(
  name: string,
  { old, new: now }: ImageStep,
  unrunnable: Platform | undefined,
): Promise<ImageChange> {
  const platforms = allPlatforms.filter((one) => now?.inputs.platforms?.includes(one));
  const { tags, exports } = old?.inputs ?? {};
  // Before there were Tags, an Image had its repository only in its tag.
  const repository = exports?.[0]?.registry?.names?.[0] ?? tags?.[0]?.replace(/:[^:/]*$/, "");
  const digest = old?.outputs.digest;
  if (platforms.length === 0 || repository === undefined || digest === undefined) {
    throw new Fault(`the state does not have the published image of ${name}`);
  }
  const builder = builderFromEnvironment() ?? buildx(now?.inputs.builder?.name);
  const changes: ImageChange[] = [];
  for (const platform of platforms) {
    const build = { title: `the new ${name}`, platform, inputs: { ...now?.inputs, target: "runner" } };
    changes.push(await comparePlatform(builder, build, repository, digest, platform !== unrunnable));
  }
  const isDropped = old?.inputs.platforms?.length !== platforms.length;
  const [first] = changes.filter(({ differs }) => differs).concat(changes);
  return { ...(first as ImageChange), differs: isDropped || changes.some(({ differs }) => differs) };
}

async function comparePlatform(builder: Builder, build: Build, repository: string, index: string, runs: boolean) {
  const { platform } = build;
  const published = await readPublished(repository, index, platform);
  const built = await readBuild(builder, build, "image", readLayout);
  const [size, differs] = [{ before: sizeOf(published), now: sizeOf(built) }, built.digest !== published.digest];
  if (!differs || !runs) return { platform, differs, size, tools: new Map(), packages: new Map() };
  const target = `${repository}@${published.digest}`;
  const before = await readContents(builder, { title: target, platform, inputs: { target } });
  const now = await readContents(builder, build);
  const tools = ({ tools: versions, hosts }: Contents) => ({ ...versions, hosts: hosts.join(", ") });
  const packages = changed(before.packages, now.packages);
  return { platform, differs, size, tools: changed(tools(before), tools(now)), packages };
}

function changed(old: Versions, current: Versions): Map<string, VersionChange> {
  return new Map([...compare(old, current)].filter(([, { before, now }]) => before !== now));
}

async function readPublished(repository: string, digest: string, platform: Platform) {
  return reading(repository, async (client) => {
    const image = (await readImages(client, digest)).find((one) => one.platform === platform);
    if (image === undefined) throw new Error(`${digest} has no image for ${platform}`);
    return image;
  });
}

/** Reads an OCI layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
async function readLayout(folder: string) {
  const read = async (...path: string[]) => JSON.parse(await readFile(join(folder, ...path), "utf8")) as Manifest;
  const { manifests: [{ digest } = { digest: "" }] = [] } = await read("index.json");
  return { digest, ...(await read("blobs", ...digest.split(":"))) };
}

function sizeOf({ layers = [] }: Pick<Manifest, "layers">): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}
