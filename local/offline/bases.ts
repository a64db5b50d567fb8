import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { catalogue } from "../../images/catalogue";
import { readDockerfile, stages } from "../../images/dockerfile";
import { type Platform, platforms } from "../../images/platform";
import { Fault } from "../../lib/errors";
import { ensureEmulation } from "../native/emulation";
import { inFolder } from "../folder";
import { readJson, writeJson } from "../../lib/json";
import { log, withProgress } from "../../lib/log";
import { epoch, standIns } from "./standIns";

/** What builds and keeps the stand-ins. */
export interface Workshop {
  readonly buildctl: string;
  /** BuildKit's address. */
  readonly buildKit: string;
  /** The registry's address. */
  readonly registry: string;
}

/** What was found out about a stage's official image. */
interface Finding {
  readonly image: string;
  /** What stand-ins were made by then, as a hash: what was made another way is made again. */
  readonly recipe: string;
  /** What stands in for it in the registry, by platform: path:tag@digest. Null where nothing has to. */
  readonly standIns: Partial<Record<Platform, string>> | null;
  /** Why it could not be pulled, where something stands in for it: that may have been for a moment only. */
  readonly refusal?: string;
}

/**
 * The stages of the languages' Dockerfiles that start from an official image, by that image: the first one names its
 * stand-in.
 */
export function officialImages(languages = catalogue.map(({ name }) => name)): Map<string, string[]> {
  const images = new Map<string, string[]>();
  for (const [stage, image] of new Map(languages.flatMap((name) => [...stages(readDockerfile(name))]))) {
    if (image.includes("@sha256:")) images.set(image, [...(images.get(image) ?? []), stage]);
  }
  return images;
}

/**
 * Finds out which official images BuildKit can pull, once per image, and builds a stand-in for each platform of those
 * that it cannot. Gives the build contexts that replace stages. Throws a Fault where there is no stand-in.
 */
export async function ensureBases(
  workshop: Workshop,
  wanted: readonly Platform[],
  languages?: string[],
): Promise<Record<string, string>> {
  const file = inFolder("bases.json");
  const known = readJson<Record<string, Finding>>(file) ?? {};
  const bases: Record<string, string> = {};
  for (const [image, [stage = "", ...others]] of officialImages(languages)) {
    const finding = isFindingOf(image, known[stage]) ? known[stage] : await find(stage, image, workshop);
    if (finding.standIns === null) {
      log(`base ${stage}`, image);
    } else {
      for (const platform of wanted) {
        finding.standIns[platform] ??= await buildStandIn(stage, image, platform, workshop, bases);
      }
      const context = await joinPlatforms(stage, image, wanted, finding.standIns, workshop);
      for (const name of [stage, ...others]) bases[name] = context;
      log(`base ${stage}`, describeStandIn(image, finding.refusal));
    }
    known[stage] = finding;
    writeJson(file, known);
  }
  return bases;
}

/** Says what is stood in for, why, and how to try the official image once more. */
export function describeStandIn(image: string, refusal: string | undefined): string {
  const why = refusal === undefined ? "" : ` (${refusal})`;
  const once = `stand-in for ${shortName(image)}, which could not be pulled${why}`;
  return `${once}: remove .local/bases.json to ask again (see local/README.md)`;
}

function isFindingOf(image: string, finding: Finding | undefined): finding is Finding {
  return finding?.image === image && finding.recipe === recipe();
}

/** Everything that stand-ins are made by, as a hash. */
function recipe(): string {
  const files = ["bases.ts", "standIns.ts", "tools/dotnet-stand-in/go.sum", "tools/dotnet-stand-in/main.go"];
  const texts = files.map((name) => readFileSync(join(__dirname, name), "utf8"));
  return createHash("sha256").update(texts.join("\n")).digest("hex");
}

async function find(stage: string, image: string, workshop: Workshop): Promise<Finding> {
  const refusal = await pullRefusal(image, workshop);
  if (refusal === undefined) return { image, recipe: recipe(), standIns: null };
  if (standIns[stage] === undefined) {
    throw new Fault(`${image} cannot be pulled, and stage ${stage} has no stand-in. ${refusal}. Check the network.`);
  }
  log(`base ${stage}`, `${shortName(image)} cannot be pulled: ${refusal}`);
  return { image, recipe: recipe(), standIns: {}, refusal };
}

/** Why BuildKit cannot pull an image, or undefined where it can. */
async function pullRefusal(image: string, { buildctl, buildKit }: Workshop): Promise<string | undefined> {
  const folder = await emptyFolder("probe");
  await writeFile(join(folder, "Dockerfile"), `FROM ${image}\n`);
  const args = ["--addr", buildKit, "build", "--frontend=dockerfile.v0", `--local=dockerfile=${folder}`];
  const probe = await execa(buildctl, [...args, "--progress=quiet"], { reject: false, all: true, timeout: 300_000 });
  if (!probe.failed) return undefined;
  return /(dial tcp|failed to do request|unexpected status).*$/m.exec(probe.all)?.[0] ?? probe.shortMessage;
}

/** Builds one platform of a stand-in. Gives what it is in the registry: path:tag@digest. */
async function buildStandIn(
  stage: string,
  image: string,
  platform: Platform,
  workshop: Workshop,
  bases: Readonly<Record<string, string>>,
): Promise<string> {
  const standIn = standIns[stage];
  if (standIn === undefined) throw new Error(`Stage ${stage} has no stand-in.`);
  const title = `building a stand-in for ${platform}: ${standIn.title}`;
  // Also where the builder that will use it runs the platform elsewhere.
  await ensureEmulation([platform]);
  return withProgress(`base ${stage}`, title, async () => {
    const folder = await emptyFolder(stage);
    await standIn.prepare(folder, tagOf(image), platform);
    const name = `stand-in/${stage}:${tagOf(image)}-${platforms[platform].targetArch}`;
    const reference = await buildAndPush(folder, name, [platform], workshop, bases);
    await rm(folder, { recursive: true });
    return reference;
  });
}

/** One image of several platforms, from an image of each. Gives it as a build context. */
async function joinPlatforms(
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
  await writeFile(join(folder, "Dockerfile"), "ARG TARGETARCH\nFROM stand-in-${TARGETARCH}\n");
  const contexts = wanted.map((platform): [string, string] => [
    `stand-in-${platforms[platform].targetArch}`,
    contextOf(references[platform]),
  ]);
  const name = `stand-in/${stage}:${tagOf(image)}`;
  return contextOf(await buildAndPush(folder, name, wanted, workshop, Object.fromEntries(contexts)));
}

async function emptyFolder(name: string): Promise<string> {
  const folder = inFolder("stand-ins", name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Builds the Dockerfile of a folder for some platforms and pushes it to the registry. Gives name@digest. */
async function buildAndPush(
  folder: string,
  name: string,
  wanted: readonly Platform[],
  { buildctl, buildKit, registry }: Workshop,
  contexts: Readonly<Record<string, string>>,
): Promise<string> {
  const metadata = join(folder, "metadata.json");
  await execa(buildctl, [
    `--addr=${buildKit}`,
    "build",
    "--frontend=dockerfile.v0",
    `--local=context=${folder}`,
    `--local=dockerfile=${folder}`,
    `--opt=platform=${wanted.join(",")}`,
    // The same content is the same digest, on which the labels of every image depend.
    `--opt=build-arg:SOURCE_DATE_EPOCH=${epoch()}`,
    ...Object.entries(contexts).map(([stage, context]) => `--opt=context:${stage}=${context}`),
    `--output=type=image,name=${registry}/${name},push=true,oci-mediatypes=true`,
    `--metadata-file=${metadata}`,
  ]);
  const { "containerimage.digest": digest } = JSON.parse(await readFile(metadata, "utf8")) as Record<string, string>;
  if (digest === undefined) throw new Error(`BuildKit tells no digest of ${name}.`);
  return `${name}@${digest}`;
}

function tagOf(image: string): string {
  return image.replace(/^.*:([^@]+)@.*$/, "$1");
}

function shortName(image: string): string {
  return image.replace(/@.*$/, "");
}
