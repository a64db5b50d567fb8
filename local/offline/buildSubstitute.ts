import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { type Platform, platforms } from "../../images/platform";
import { withProgress } from "../../lib/log";
import { inFolder } from "../folder";
import { ensureEmulation } from "../native/emulation";
import { buildEpoch, tagOf } from "./officialImages";
import { substitutes } from "./substitutes";

/** What builds substitutes and stores them. */
export interface Workshop {
  readonly buildctl: string;
  /** BuildKit's address. */
  readonly buildKit: string;
  /** The registry's address. */
  readonly registry: string;
}

/** Build contexts by stage name. */
export type Contexts = Readonly<Record<string, string>>;

/**
 * Builds one platform of a stage's substitute and pushes it.
 * @returns path:tag@digest in the workshop's registry
 */
export async function buildSubstitute(
  stage: string,
  image: string,
  platform: Platform,
  workshop: Workshop,
  bases: Contexts,
): Promise<string> {
  const substitute = substitutes[stage];
  if (substitute === undefined) throw new Error(`Stage ${stage} has no substitute.`);
  // Here too, even if the builder that will use it runs the platform elsewhere.
  await ensureEmulation([platform]);
  return withProgress(`base ${stage}`, `building for ${platform}: ${substitute.title}`, async () => {
    const folder = await emptyFolder(stage);
    await substitute.prepare(folder, tagOf(image), platform);
    const name = `substitute/${stage}:${tagOf(image)}-${platforms[platform].targetArch}`;
    const reference = await buildAndPush(folder, name, [platform], workshop, bases);
    await rm(folder, { recursive: true });
    return reference;
  });
}

/**
 * Joins the substitutes of several platforms in one image.
 * @param references path:tag@digest by platform
 * @returns a build context, docker-image://…
 */
export async function joinPlatforms(
  stage: string,
  image: string,
  wanted: readonly Platform[],
  references: Readonly<Partial<Record<Platform, string>>>,
  workshop: Workshop,
): Promise<string> {
  const contextOf = (reference?: string) => `docker-image://${workshop.registry}/${reference}`;
  const [first] = wanted;
  if (wanted.length === 1 && first !== undefined) return contextOf(references[first]);
  const folder = await emptyFolder(stage);
  await writeFile(join(folder, "Dockerfile"), "ARG TARGETARCH\nFROM substitute-${TARGETARCH}\n");
  const contexts = wanted.map((platform): [string, string] => [
    `substitute-${platforms[platform].targetArch}`,
    contextOf(references[platform]),
  ]);
  const name = `substitute/${stage}:${tagOf(image)}`;
  return contextOf(await buildAndPush(folder, name, wanted, workshop, Object.fromEntries(contexts)));
}

/** Creates an empty folder for a substitute's files. */
export async function emptyFolder(name: string): Promise<string> {
  const folder = inFolder("substitutes", name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Builds a folder's Dockerfile and pushes it. Returns name@digest. */
async function buildAndPush(
  folder: string,
  name: string,
  wanted: readonly Platform[],
  { buildctl, buildKit, registry }: Workshop,
  contexts: Contexts,
): Promise<string> {
  const metadata = join(folder, "metadata.json");
  await execa(buildctl, [
    `--addr=${buildKit}`,
    "build",
    "--frontend=dockerfile.v0",
    `--local=context=${folder}`,
    `--local=dockerfile=${folder}`,
    `--opt=platform=${wanted.join(",")}`,
    // The same content must have the same digest.
    `--opt=build-arg:SOURCE_DATE_EPOCH=${buildEpoch()}`,
    ...Object.entries(contexts).map(([stage, context]) => `--opt=context:${stage}=${context}`),
    `--output=type=image,name=${registry}/${name},push=true,oci-mediatypes=true`,
    `--metadata-file=${metadata}`,
  ]);
  const { "containerimage.digest": digest } = JSON.parse(await readFile(metadata, "utf8")) as Record<string, string>;
  if (digest === undefined) throw new Error(`BuildKit reports no digest of ${name}.`);
  return `${name}@${digest}`;
}
