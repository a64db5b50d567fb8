import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { Fault } from "../../lib/errors";
import { readJson, writeJson } from "../../lib/json";
import { log } from "../../lib/log";
import { inFolder } from "../folder";
import { type Contexts, type Workshop, buildSubstitute, emptyFolder, joinPlatforms } from "./buildSubstitute";
import { officialImages, shortName } from "./officialImages";
import { substitutes } from "./substitutes";

/** What is known about a stage's official image on this machine, as .local/bases.json keeps it. */
interface Finding {
  readonly image: string;
  /** Hash of the recipe. Substitutes built from another recipe are rebuilt. */
  readonly recipe: string;
  /** The substitutes in the registry by platform, path:tag@digest. Null if the official image can be pulled. */
  readonly substitutes: Partial<Record<Platform, string>> | null;
  /** Why it could not be pulled. That may have been transient: removing the file tries again. */
  readonly refusal?: string;
}

/**
 * Checks once per official image whether BuildKit can pull it, and builds a substitute of each platform if it cannot.
 * @returns the build contexts that replace stages
 * @throws {Fault} if an image can neither be pulled nor substituted
 */
export async function ensureBases(
  workshop: Workshop,
  wanted: readonly Platform[],
  languages?: string[],
): Promise<Contexts> {
  const file = inFolder("bases.json");
  const known = readJson<Record<string, Finding>>(file) ?? {};
  const bases: Record<string, string> = {};
  for (const [image, [stage = "", ...others]] of officialImages(languages)) {
    const finding = isCurrent(known[stage], image) ? known[stage] : await inspect(stage, image, workshop);
    if (finding.substitutes === null) {
      log(`base ${stage}`, shortName(image));
    } else {
      for (const platform of wanted) {
        finding.substitutes[platform] ??= await buildSubstitute(stage, image, platform, workshop, bases);
      }
      const context = await joinPlatforms(stage, image, wanted, finding.substitutes, workshop);
      for (const name of [stage, ...others]) bases[name] = context;
      log(`base ${stage}`, `substitute for ${shortName(image)}, see .local/bases.json`);
    }
    known[stage] = finding;
    writeJson(file, known);
  }
  return bases;
}

function isCurrent(finding: Finding | undefined, image: string): finding is Finding {
  return finding?.image === image && finding.recipe === recipe() && finding.substitutes !== undefined;
}

/** Hash of everything that substitutes are made by. */
function recipe(): string {
  const dotnet = ["go.sum", "main.go"].map((name) => `tools/dotnet-substitute/${name}`);
  const files = ["buildSubstitute.ts", "substitutes.ts", "node.json", ...dotnet];
  const texts = files.map((name) => readFileSync(join(__dirname, name), "utf8"));
  return createHash("sha256").update(texts.join("\n")).digest("hex");
}

async function inspect(stage: string, image: string, workshop: Workshop): Promise<Finding> {
  const refusal = await pullRefusal(image, workshop);
  if (refusal === undefined) return { image, recipe: recipe(), substitutes: null };
  if (substitutes[stage] !== undefined) return { image, recipe: recipe(), substitutes: {}, refusal };
  throw new Fault(`${image} cannot be pulled, and stage ${stage} has no substitute: ${refusal}. Check the network.`);
}

/** Why BuildKit cannot pull an image; undefined if it can. */
async function pullRefusal(image: string, { buildctl, buildKit }: Workshop): Promise<string | undefined> {
  const folder = await emptyFolder("probe");
  await writeFile(join(folder, "Dockerfile"), `FROM ${image}\n`);
  const args = ["--addr", buildKit, "build", "--frontend=dockerfile.v0", `--local=dockerfile=${folder}`];
  const probe = await execa(buildctl, [...args, "--progress=quiet"], { reject: false, all: true, timeout: 300_000 });
  if (!probe.failed) return undefined;
  return /(dial tcp|failed to do request|unexpected status).*$/m.exec(probe.all)?.[0] ?? probe.shortMessage;
}
