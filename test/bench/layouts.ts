// What our image for JavaScript weighs against the same contents in the layouts of others.
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import { buildctl } from "../../commands/builder";
import { readArchives } from "../../images/archive";
import { runnerInputs } from "../../images/build";
import { catalogue } from "../../images/catalogue";
import { argument, readDockerfile, withoutSmokeTest } from "../../images/dockerfile";
import { getPulumiRelease } from "../../images/pulumiRelease";
import { readImages } from "../../lib/oci/image";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { checkout } from "../../local/folder";
import { ownPlatform } from "../../local/native/platforms";
import type { Scratch } from "../helpers/scratch";
import { type Figure, sum } from "./figures";
import { newer } from "./releases";

const language = catalogue.find(({ name }) => name === "javascript")!;

/** The stages of layouts/javascript.Dockerfile, and whose layouts they are. */
const layouts = {
  "layout-slim": "Pulumi's slim image",
  "layout-archive": "Spacelift's images today",
  "layout-home": "Pulumi in a home directory",
};

/** The size of our image for JavaScript against the same contents in other layouts, built from the same bases. */
export async function measureLayouts(scratch: Scratch): Promise<Figure[]> {
  const ours = await sizeOf(scratch, "runner");
  const figures: Figure[] = [];
  for (const [stage, of] of Object.entries(layouts)) {
    const goal = stage === "layout-slim" ? { goal: 0.65 } : {};
    const limit = { value: await sizeOf(scratch, stage), of };
    figures.push({ name: `size of ${language.name}`, unit: "MB", measured: ours, limit, ...goal });
  }
  return figures;
}

/** Builds a stage and pushes it. Returns the size of its layers in MB, compressed as a release's. */
async function sizeOf(scratch: Scratch, stage: string): Promise<number> {
  const { tools, buildKit } = scratch.place.environment;
  const repository = `${scratch.prefix}/${stage}`;
  const inputs = await stageInputs(scratch, stage);
  await using folder = await mkdtempDisposable(join(tmpdir(), "layout-"));
  await writeFile(join(folder.path, "Dockerfile"), inputs.dockerfile.inline);
  const output = `type=image,name=${repository}:bench,push=true,oci-mediatypes=true,compression=gzip`;
  const build = { title: stage, platform: ownPlatform(), inputs };
  const [program = "", ...args] = buildctl(tools.buildctl, buildKit).command(build, folder.path, output);
  await execa(program, args, { cwd: checkout });
  const client = new RepositoryClient(repository);
  const [image] = await readImages(client, (await client.digest("bench")) ?? "");
  return sum(image?.layers.map(({ size }) => size) ?? []) / 1e6;
}

/** The inputs of our image, with the other layouts' stages and what they install. */
async function stageInputs({ place }: Scratch, stage: string) {
  const { platforms, bases, pulumiReleases, debianSnapshots, builder } = place.environment;
  const source = { pulumiReleases, signatures: "off", warn: () => undefined } as const;
  const release = await readArchives(await getPulumiRelease(newer, platforms, source));
  const config = {
    platforms,
    bases,
    builder,
    debianSnapshots,
    crossCompile: false,
    cache: undefined,
    layers: undefined,
  };
  const { context, labels, buildArgs } = runnerInputs({ language, config, release });
  const own = withoutSmokeTest(readDockerfile(language.name));
  const others = await readFile(join(__dirname, "layouts", `${language.name}.Dockerfile`), "utf8");
  const [, packages = ""] = /apt-install ([^&]+)&&/.exec(own) ?? [];
  const installed = {
    APT_PACKAGES: packages.replace(/\s*\\\n\s*/g, " ").trim(),
    YARN_VERSION: argument(own, "YARN_VERSION"),
    PNPM_VERSION: argument(own, "PNPM_VERSION"),
  };
  const dockerfile = { inline: `${own}\n${others}` };
  return { context, labels, target: stage, dockerfile, buildArgs: { ...buildArgs, ...installed } };
}
