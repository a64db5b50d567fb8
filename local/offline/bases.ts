import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { execa } from "execa";

import { type Language, catalogue } from "../../images/catalogue";
import { readDockerfile, stages } from "../../images/dockerfile";
import { type Platform, allPlatforms } from "../../images/platform";
import { Fault } from "../../lib/errors";
import { readJson, writeJson } from "../../lib/json";
import { runStep } from "../../lib/runStep";
import { inFolder } from "../folder";
import { ownPlatform } from "../native/platforms";
import { keepReason } from "../setupLog";
import { type Contexts, type SubstituteBuilder, buildSubstitute, emptyFolder } from "./buildSubstitute";
import { hasSdk } from "./dotnetSdk";
import { ensureNugetPackages, nugetPackages } from "./nugetPackages";
import { substitutes } from "./substitutes";

/** What is known about a stage's official image on this machine, as .local/bases.json keeps it. */
interface BaseRecord {
  readonly image: string;
  readonly recipe: string;
  /** The substitutes in the registry by platform, path:tag@digest. Null if the official image can be pulled. */
  readonly substitutes: Partial<Record<Platform, string>> | null;
  /** Why it could not be pulled. That may have been transient: removing the file tries again. */
  readonly refusal?: string;
}

/** Checks once per official image whether BuildKit can pull it, and builds its substitute if not. */
export async function ensureBases(
  workshop: SubstituteBuilder,
  wanted: readonly Platform[],
  languages: readonly Language[] = catalogue,
): Promise<Contexts> {
  const file = inFolder("bases.json");
  const known = readJson<Record<string, BaseRecord>>(file) ?? {};
  const bases: Record<string, string> = {};
  for (const [image, [stage = "", ...others]] of officialImages(languages)) {
    const [name = ""] = image.split("@");
    const tag = name.replace(/^.*:/, "");
    const [found, recipe] = [known[stage], hashRecipe(stage)];
    const isCurrent = found?.image === image && found.recipe === recipe;
    await runStep(`base ${stage}`, `pulling ${name}`, async (step) => {
      const finding = isCurrent ? found : await inspect(stage, { image, recipe }, workshop);
      step.done = finding.substitutes === null ? name : `substitute: ${describe(stage, wanted)}`;
      if (finding.refusal !== undefined) keepReason(`base ${stage}`, step.done, finding.refusal);
      if (finding.substitutes !== null) {
        const context = await buildSubstitute(stage, tag, wanted, finding.substitutes, workshop, bases, step);
        for (const replaced of [stage, ...others]) bases[replaced] = context;
      }
      known[stage] = finding;
    });
    writeJson(file, known);
  }
  const sdk = bases["dotnet"];
  if (sdk !== undefined && wanted.some(hasSdk)) {
    await ensureNugetPackages(sdk, workshop);
    bases["nuget-packages"] = nugetPackages;
  }
  const certificates = await copyCertificates();
  return certificates === undefined ? bases : { ...bases, certificates };
}

async function inspect(
  stage: string,
  key: Pick<BaseRecord, "image" | "recipe">,
  workshop: SubstituteBuilder,
): Promise<BaseRecord> {
  const refusal = await whyNotPullable(key.image, workshop);
  if (refusal === undefined) return { ...key, substitutes: null };
  if (stage in substitutes) return { ...key, substitutes: {}, refusal };
  throw new Fault(
    `${key.image} cannot be pulled, and stage ${stage} has no substitute: ${refusal}. Check the network.`,
  );
}

/** The stages that start from an official image, by that image. The first stage names the image's substitute. */
export function officialImages(languages: readonly Language[] = catalogue): Map<string, string[]> {
  const images = new Map<string, string[]>();
  for (const [stage, image] of new Map(languages.flatMap(({ name }) => [...stages(readDockerfile(name))]))) {
    if (image.includes("@sha256:")) images.set(image, [...(images.get(image) ?? []), stage]);
  }
  return images;
}

/** What a stage's substitute is made of, by platform if they differ. */
function describe(stage: string, wanted: readonly Platform[]): string {
  const titles = wanted.map((platform) => [platform, substitutes[stage]?.title(platform) ?? ""] as const);
  const [[, first] = ["", ""]] = titles;
  if (titles.every(([, title]) => title === first)) return first;
  return titles.map(([platform, title]) => `${title} for ${platform}`).join(", ");
}

/** A hash of everything that a stage's substitutes are made by. If it changes, they are rebuilt. */
function hashRecipe(stage: string): string {
  const dotnet = ["go.sum", "main.go"].map((name) => `tools/dotnet-substitute/${name}`);
  const files = ["buildSubstitute.ts", "substitutes.ts", "node.json", "dotnet.json", ...dotnet];
  const texts = files.map((name) => readFileSync(join(__dirname, name), "utf8"));
  return hash("sha256", [...texts, describe(stage, allPlatforms)].join("\n"));
}

/** Why BuildKit cannot pull an image; undefined if it can. */
async function whyNotPullable(image: string, { client }: SubstituteBuilder): Promise<string | undefined> {
  const folder = await emptyFolder("probe");
  await writeFile(join(folder, "Dockerfile"), `FROM ${image}\n`);
  const build = { platform: ownPlatform(), inputs: {} };
  const [program = "", ...args] = client.command(build, folder);
  const { env } = client;
  const probe = await execa(program, args, { env, reject: false, all: true, timeout: 300_000 });
  if (!probe.failed) return undefined;
  // The last line that explains something, or else all of it: the reason is kept, and nobody sees it again otherwise.
  const reason =
    /(dial tcp|failed to do request|unexpected status).*$/m.exec(probe.all) ?? /^error: .*/m.exec(probe.all);
  return reason?.[0] ?? `${probe.shortMessage}\n${probe.all}`;
}

/** Copies the CA certificates of this machine's network, if any. Returns a folder that replaces an image's root. */
async function copyCertificates(): Promise<string | undefined> {
  const bundle = process.env["SSL_CERT_FILE"] ?? "/etc/ssl/certs/ca-certificates.crt";
  if (!existsSync(bundle)) return undefined;
  const folder = inFolder("certificates");
  const copy = join(folder, "etc", "ssl", "certs", "ca-certificates.crt");
  const text = readFileSync(bundle);
  if (!existsSync(copy) || !readFileSync(copy).equals(text)) {
    await mkdir(dirname(copy), { recursive: true });
    await writeFile(copy, text);
  }
  return folder;
}
