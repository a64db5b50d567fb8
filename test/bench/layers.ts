// What our images consist of.
import { readDockerfile, withoutSmokeTest } from "../../images/dockerfile";
import { type PlatformImage, readImages } from "../../lib/oci/image";
import type { Scratch } from "../helpers/scratch";
import { type Figure, sum } from "./figures";
import { languages, newer, release, up } from "./releases";

/** The compressed size of each language's image, and of each of its layers by what creates it. */
export async function measureLayers(scratch: Scratch): Promise<Figure[]> {
  await up(scratch, release(newer));
  const figures: Figure[] = [];
  for (const language of languages) {
    const client = scratch.client(language);
    const [image] = await readImages(client, (await client.digest(`v${newer}`)) ?? "");
    if (image === undefined) throw new Error(`${language} has no image.`);
    const layers = sizesOf(language, image);
    const total = sum(layers.map(({ size }) => size));
    figures.push({ name: `size of ${language}`, unit: "MB", measured: total });
    for (const { cause, kind, size } of layers) {
      figures.push({ name: `${language}: ${cause}`, unit: "MB", measured: size, language, layer: kind });
    }
  }
  return figures;
}

/** The layers of an image, lowest first: what creates each, and its size in MB. */
function sizesOf(language: string, { config, layers }: PlatformImage) {
  const steps = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  const own = ownSteps(language);
  const below = layers.length - own.length;
  return layers.map(({ size }, index) => {
    const [, stage] = /^COPY .*--from=(\S+)/.exec(own[index - below] ?? "") ?? [];
    const cause = stage ?? causeOf(steps[index]?.created_by ?? "");
    return { cause, kind: kindOf(cause), size: size / 1e6 };
  });
}

/** The instructions of stage `runner` that create layers: BuildKit's history does not name the stage that COPY copies from. */
function ownSteps(language: string): string[] {
  const dockerfile = withoutSmokeTest(readDockerfile(language));
  const runner = dockerfile.slice(dockerfile.search(/^FROM \S+ AS runner$/m));
  return runner.match(/^(COPY|RUN) .*$/gm) ?? [];
}

function kindOf(cause: string): string {
  if (cause.startsWith("packages bash") || cause === "WORKDIR") return "packages of all images";
  if (cause.startsWith("packages")) return "packages for a language";
  if (cause.endsWith("-tools")) return "toolchain";
  return cause.endsWith("-hosts") ? "language hosts" : cause;
}

function causeOf(step: string): string {
  const [, packages] = /apt-install (.{1,30})/.exec(step) ?? [];
  if (packages !== undefined) return `packages ${packages.trim()}…`;
  return /^WORKDIR/.test(step) ? "WORKDIR" : "Debian";
}
