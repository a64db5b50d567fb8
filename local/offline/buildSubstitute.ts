import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { type Platform, platforms } from "../../images/platform";
import type { Step } from "../../lib/runStep";
import type { Services } from "../backend";
import { inFolder } from "../folder";
import { ensureEmulation, ownPlatform } from "../native/platforms";
import { buildEpoch, substitutes } from "./substitutes";

/** What builds and stores substitutes: the client of BuildKit, and the address of the registry. */
export type SubstituteBuilder = Pick<Services, "client" | "registry">;

/** Build contexts that replace stages, by stage. */
export type Contexts = Readonly<Record<string, string>>;

/**
 * Builds a stage's substitute for each platform that is not pushed yet. Joins several platforms in one image.
 * @param tag of the official image
 * @param pushed path:tag@digest in the workshop's registry, by platform: completed by this function
 * @param step that the build is a part of: what it does changes
 * @returns a build context, docker-image://…
 */
export async function buildSubstitute(
  stage: string,
  tag: string,
  wanted: readonly Platform[],
  pushed: Partial<Record<Platform, string>>,
  workshop: SubstituteBuilder,
  bases: Contexts,
  step: Step,
): Promise<string> {
  const contextOf = (reference: string) => `docker-image://${workshop.registry}/${reference}`;
  const contexts: Record<string, string> = {};
  for (const platform of wanted) {
    const reference = (pushed[platform] ??= await buildPlatform(stage, tag, platform, workshop, bases, step));
    contexts[`substitute-${platforms[platform].targetArch}`] = contextOf(reference);
  }
  const [first = "", ...others] = Object.values(contexts);
  if (others.length === 0) return first;
  const folder = await emptyFolder(stage);
  await writeFile(join(folder, "Dockerfile"), "ARG TARGETARCH\nFROM substitute-${TARGETARCH}\n");
  return contextOf(await buildAndPush(folder, `substitute/${stage}:${tag}`, wanted, workshop, contexts));
}

async function buildPlatform(
  stage: string,
  tag: string,
  platform: Platform,
  workshop: SubstituteBuilder,
  bases: Contexts,
  step: Step,
): Promise<string> {
  const substitute = substitutes[stage];
  if (substitute === undefined) throw new Error(`Stage ${stage} has no substitute.`);
  // Here too, even if the builder that will use it runs the platform elsewhere.
  await ensureEmulation([platform]);
  // Emulated, it may take five.
  if (platform === ownPlatform()) step.minutes = 2;
  step.doing = `building for ${platform}: ${substitute.title(platform)}`;
  const folder = await emptyFolder(stage);
  await substitute.prepare(folder, tag, platform);
  const name = `substitute/${stage}:${tag}-${platforms[platform].targetArch}`;
  return buildAndPush(folder, name, [platform], workshop, bases);
}

/** Creates an empty folder for a substitute's files. */
export async function emptyFolder(name: string): Promise<string> {
  const folder = inFolder("substitutes", name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Builds a folder's Dockerfile, pushes the image and removes the folder. Returns name@digest. */
async function buildAndPush(
  folder: string,
  name: string,
  wanted: readonly Platform[],
  { client, registry }: SubstituteBuilder,
  contexts: Contexts,
): Promise<string> {
  const metadata = join(folder, "metadata.json");
  const named = Object.fromEntries(Object.entries(contexts).map(([stage, location]) => [stage, { location }]));
  // The same content must have the same digest.
  const buildArgs = { SOURCE_DATE_EPOCH: buildEpoch() };
  const build = { platform: wanted.join(","), inputs: { context: { location: folder, named }, buildArgs } };
  const output = `type=image,name=${registry}/${name},push=true,oci-mediatypes=true`;
  const [program = "", ...args] = client.command(build, folder, output);
  await execa(program, [...args, `--metadata-file=${metadata}`], { env: client.env });
  const { "containerimage.digest": digest } = JSON.parse(await readFile(metadata, "utf8")) as Record<string, string>;
  if (digest === undefined) throw new Error(`BuildKit reports no digest of ${name}.`);
  await rm(folder, { recursive: true });
  return `${name}@${digest}`;
}
