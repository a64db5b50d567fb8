import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { catalogue } from "../images/catalogue";
import { readDockerfile, stages } from "../images/dockerfile";
import { Fault } from "./fault";
import { inFolder } from "./folder";
import { say, withProgress } from "./say";
import { standIns } from "./standIns";

/** What builds and keeps the stand-ins. */
export interface Workshop {
  readonly buildctl: string;
  /** BuildKit's address. */
  readonly buildKit: string;
  /** The registry's address. */
  readonly registry: string;
}

/** What was found out about a stage's official image: the context that stands in for it, or null where none has to. */
interface Finding {
  readonly image: string;
  readonly context: string | null;
}

/** The stages of the Dockerfiles that start from an official image, and that image. */
export function officialImages(): Map<string, string> {
  const all = catalogue.flatMap(({ name }) => [...stages(readDockerfile(name))]);
  return new Map(all.filter(([, image]) => image.includes("@sha256:")));
}

/**
 * Finds out which official images BuildKit can pull, once per image, and builds a stand-in for each that it cannot.
 * Gives the build contexts that replace stages. Throws a Fault where there is no stand-in.
 */
export async function ensureBases(workshop: Workshop): Promise<Record<string, string>> {
  const file = inFolder("bases.json");
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, Finding>) : {};
  const bases: Record<string, string> = {};
  for (const [stage, image] of officialImages()) {
    const finding = known[stage]?.image === image ? known[stage] : await find(stage, image, workshop, bases);
    if (finding.context !== null) bases[stage] = finding.context;
    say(`base ${stage}`, finding.context === null ? image : `stand-in for ${shortName(image)} (see local/README.md)`);
    known[stage] = finding;
    await writeFile(file, JSON.stringify(known, null, 2));
  }
  return bases;
}

async function find(
  stage: string,
  image: string,
  workshop: Workshop,
  bases: Readonly<Record<string, string>>,
): Promise<Finding> {
  const refusal = await pullRefusal(image, workshop);
  if (refusal === undefined) return { image, context: null };
  const standIn = standIns[stage];
  if (standIn === undefined) {
    throw new Fault(`${image} cannot be pulled, and stage ${stage} has no stand-in. ${refusal}. Check the network.`);
  }
  say(`base ${stage}`, `${shortName(image)} cannot be pulled: ${refusal}`);
  const tag = image.replace(/^.*:([^@]+)@.*$/, "$1");
  const context = await withProgress(`base ${stage}`, `building a stand-in: ${standIn.title}`, async () => {
    const folder = inFolder("stand-ins", stage);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await standIn.prepare(folder, tag);
    const reference = `${workshop.registry}/stand-in/${stage}:${tag}`;
    const digest = await buildAndPush(folder, reference, workshop, bases);
    await rm(folder, { recursive: true });
    return `docker-image://${reference}@${digest}`;
  });
  return { image, context };
}

/** Why BuildKit cannot pull an image, or undefined where it can. */
async function pullRefusal(image: string, { buildctl, buildKit }: Workshop): Promise<string | undefined> {
  const folder = inFolder("stand-ins", "probe");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "Dockerfile"), `FROM ${image}\n`);
  const args = ["--addr", buildKit, "build", "--frontend=dockerfile.v0", `--local=dockerfile=${folder}`];
  const probe = await execa(buildctl, [...args, "--progress=quiet"], { reject: false, all: true, timeout: 300_000 });
  if (!probe.failed) return undefined;
  return /(dial tcp|failed to do request|unexpected status).*$/m.exec(probe.all)?.[0] ?? probe.shortMessage;
}

async function buildAndPush(
  folder: string,
  reference: string,
  { buildctl, buildKit }: Workshop,
  bases: Readonly<Record<string, string>>,
): Promise<string> {
  const metadata = join(folder, "metadata.json");
  const contexts = Object.entries(bases).map(([stage, context]) => `--opt=context:${stage}=${context}`);
  await execa(buildctl, [
    `--addr=${buildKit}`,
    "build",
    "--frontend=dockerfile.v0",
    `--local=context=${folder}`,
    `--local=dockerfile=${folder}`,
    ...contexts,
    `--output=type=image,name=${reference},push=true,oci-mediatypes=true`,
    `--metadata-file=${metadata}`,
  ]);
  const { "containerimage.digest": digest } = JSON.parse(await readFile(metadata, "utf8")) as Record<string, string>;
  if (digest === undefined) throw new Error(`BuildKit tells no digest of ${reference}.`);
  return digest;
}

function shortName(image: string): string {
  return image.replace(/@.*$/, "");
}
