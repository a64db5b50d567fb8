import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { type Platform, isPlatform } from "../../images/platform";
import { Fault, messageOf } from "../../lib/errors";
import { log } from "../../lib/log";
import { type PlatformImage, readImages } from "../../lib/oci/image";
import { type Manifest, RepositoryClient } from "../../lib/oci/repositoryClient";
import { type Build, builderFromEnvironment, buildx, readBuild } from "../builder";
import { type Comparison, type Contents, compare, readContents } from "../inventory/contents";
import { reading } from "../inventory/servedImages";
import type { ImageInputs, ImageStep } from "./pulumiPreview";

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
 * @param folder the folder of the program, which paths of build contexts are relative to
 * @returns why it cannot be compared if the builder or the registry does not respond
 */
export async function readImageChange(step: ImageStep, folder: string): Promise<ImageChange | { problem: string }> {
  log(step.name, "compared with what is published");
  try {
    return await compareImage(step, folder);
  } catch (error) {
    if (error instanceof Fault) return { problem: messageOf(error) };
    throw error;
  }
}

async function compareImage({ name, before: old, now: { inputs } = none }: ImageStep, folder: string) {
  const { platforms = [], builder: { name: builderName } = {} } = inputs;
  const platform = ["linux/amd64", ...platforms].filter(isPlatform).find((one) => platforms.includes(one));
  const [repository, digest] = [old?.inputs.tags?.[0]?.replace(/:[^:/]*$/, ""), old?.outputs.digest];
  if (platform === undefined || repository === undefined || digest === undefined) {
    throw new Fault(`the state does not have the published image of ${name}`);
  }
  const builder = builderFromEnvironment() ?? buildx(builderName);
  const build = toBuild(`the new ${name}`, inputs, platform, folder);
  const [published, built] = [
    await readPublished(repository, digest, platform),
    await readBuild(builder, build, "image", readLayout),
  ];
  const size = { before: published.size, now: built.size };
  const unchanged = { platform, differs: false, size, tools: new Map(), packages: new Map() };
  if (built.digest === published.digest) return unchanged;
  const target = `${repository}@${published.digest}`;
  const before = await readContents(builder, { title: target, dockerfile: "", target, platform });
  return { ...unchanged, differs: true, ...compareContents(before, await readContents(builder, build)) };
}

const none: NonNullable<ImageStep["now"]> = { inputs: {}, outputs: {} };

/** The build that the inputs of an Image describe. */
export function toBuild(title: string, inputs: ImageInputs, platform: Platform, folder: string): Build {
  const { dockerfile, context, buildArgs: args = {}, labels = {}, target = "runner" } = inputs;
  const locate = (location: string) => (/^[a-z-]+:/.test(location) ? location : resolve(folder, location));
  const named = Object.entries(context?.named ?? {}).map(([name, { location }]) => [name, locate(location)]);
  return {
    ...{ title, dockerfile: dockerfile?.inline ?? "", platform, target, args, labels },
    context: locate(context?.location ?? "."),
    contexts: Object.fromEntries(named) as Record<string, string>,
  };
}

interface Measured {
  readonly digest: string;
  readonly size: number;
}

async function readPublished(repository: string, digest: string, platform: Platform): Promise<Measured> {
  const client = new RepositoryClient(repository);
  return reading(repository, async () => {
    const image = (await readImages(client, digest)).find((one: PlatformImage) => one.platform === platform);
    if (image === undefined) throw new Error(`${digest} has no image for ${platform}`);
    return { digest: image.digest, size: await client.compressedSize(image.digest) };
  });
}

/** Reads an OCI layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
async function readLayout(folder: string): Promise<Measured> {
  const read = async (...path: string[]) => JSON.parse(await readFile(join(folder, ...path), "utf8")) as Manifest;
  const { manifests: [{ digest } = { digest: "" }] = [] } = await read("index.json");
  const { layers = [] } = await read("blobs", ...digest.split(":"));
  return { digest, size: layers.reduce((sum, layer) => sum + layer.size, 0) };
}

function compareContents(before: Contents, now: Contents): Pick<ImageChange, "tools" | "packages"> {
  const tools = ({ tools: versions, hosts }: Contents) => ({ ...versions, hosts: hosts.join(", ") });
  return {
    tools: onlyChanged(compare(tools(before), tools(now))),
    packages: onlyChanged(compare(before.packages, now.packages)),
  };
}

function onlyChanged(versions: ReadonlyMap<string, Comparison>): Map<string, Comparison> {
  return new Map([...versions].filter(([, { before, now }]) => before !== now));
}
