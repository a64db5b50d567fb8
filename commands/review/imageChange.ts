import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { type Platform, allPlatforms } from "../../images/platform";
import { Fault, messageOf } from "../../lib/errors";
import { log } from "../../lib/log";
import { readImages } from "../../lib/oci/image";
import type { Manifest } from "../../lib/oci/repositoryClient";
import { builderFromEnvironment, buildx, readBuild } from "../builder";
import { type Comparison, type Contents, type Versions, compare, readContents } from "../inventory/contents";
import { reading } from "../inventory/servedImages";
import type { ImageStep } from "./pulumiPreview";

/** How a change of the checkout changes a published image, on one platform. */
export interface ImageChange {
  readonly platform: Platform;
  /** Whether another image would be published. */
  readonly differs: boolean;
  /** Compressed size of the layers in bytes. */
  readonly size: { readonly before: number; readonly now: number };
  /** The tools and the Debian packages whose versions differ, by name. */
  readonly tools: ReadonlyMap<string, Comparison>;
  readonly packages: ReadonlyMap<string, Comparison>;
}

/**
 * Builds an Image as a release would, which takes seconds after its smoke test, and compares it with the published one.
 * @returns why it cannot be compared if the builder or the registry does not respond
 */
export async function readImageChange(name: string, step: ImageStep): Promise<ImageChange | { problem: string }> {
  log(name, "compared with what is published");
  try {
    return await compareImage(name, step);
  } catch (error) {
    if (error instanceof Fault) return { problem: messageOf(error) };
    throw error;
  }
}

async function compareImage(name: string, { old, new: now }: ImageStep): Promise<ImageChange> {
  const platform = allPlatforms.find((one) => now?.inputs.platforms?.includes(one));
  const [repository, digest] = [old?.inputs.tags?.[0]?.replace(/:[^:/]*$/, ""), old?.outputs.digest];
  if (platform === undefined || repository === undefined || digest === undefined) {
    throw new Fault(`the state does not have the published image of ${name}`);
  }
  const builder = builderFromEnvironment() ?? buildx(now?.inputs.builder?.name);
  const build = { title: `the new ${name}`, platform, inputs: { ...now?.inputs, target: "runner" } };
  const published = await readPublished(repository, digest, platform);
  const built = await readBuild(builder, build, "image", readLayout);
  const size = { before: published.size, now: built.size };
  const unchanged = { platform, differs: false, size, tools: new Map(), packages: new Map() };
  if (built.digest === published.digest) return unchanged;
  const target = `${repository}@${published.digest}`;
  const before = await readContents(builder, { title: target, platform, inputs: { target } });
  const after = await readContents(builder, build);
  const tools = ({ tools: versions, hosts }: Contents) => ({ ...versions, hosts: hosts.join(", ") });
  return {
    ...{ platform, differs: true, size },
    tools: changed(tools(before), tools(after)),
    packages: changed(before.packages, after.packages),
  };
}

function changed(old: Versions, current: Versions): Map<string, Comparison> {
  return new Map([...compare(old, current)].filter(([, { before, now }]) => before !== now));
}

async function readPublished(repository: string, digest: string, platform: Platform) {
  return reading(repository, async (client) => {
    const image = (await readImages(client, digest)).find((one) => one.platform === platform);
    if (image === undefined) throw new Error(`${digest} has no image for ${platform}`);
    return { digest: image.digest, size: await client.compressedSize(image.digest) };
  });
}

/** Reads an OCI layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
async function readLayout(folder: string) {
  const read = async (...path: string[]) => JSON.parse(await readFile(join(folder, ...path), "utf8")) as Manifest;
  const { manifests: [{ digest } = { digest: "" }] = [] } = await read("index.json");
  const { layers = [] } = await read("blobs", ...digest.split(":"));
  return { digest, size: layers.reduce((sum, layer) => sum + layer.size, 0) };
}
