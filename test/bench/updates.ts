// What an update costs: in seconds against an empty program, and in bytes that go to the registry.
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { catalogue } from "../../images/catalogue";
import { platforms } from "../../images/platform";
import { inFolder } from "../../local/folder";
import { ownPlatform } from "../../local/native/platforms";
import { copyProgram, onlyLanguages } from "../helpers/programCopy";
import { startRegistryProxy } from "../helpers/registryProxy";
import { Scratch } from "../helpers/scratch";
import { TestStack } from "../helpers/testStack";
import { type Figure, compare, time } from "./figures";

const rounds = 3;
const [older, newer] = ["3.64.0", "3.66.0"];
const languages = catalogue.map(({ name }) => name);

/** Releases all languages into a registry on this machine, again and again, and measures that, one part after the other. */
export async function* measureUpdates(): AsyncGenerator<readonly Figure[]> {
  const scratch = await Scratch.start([older, newer]);
  try {
    for (const measure of [measureNewVersion, measureNoop, measureLanguages, measureParallel]) {
      yield [await measure(scratch)].flat();
    }
  } finally {
    await scratch.stop();
  }
}

async function up(stack: TestStack, config: Record<string, unknown>, setting?: Parameters<TestStack["up"]>[1]) {
  const { failed, output } = await stack.up(config, setting);
  if (failed) throw new Error(output.slice(-3000));
}

const release = (version: string, tag = `v${version}`) => ({ pulumiVersion: version, tag });

/** The bytes and requests that a new version of Pulumi sends to the registry, and the bytes that a worker pulls. */
async function measureNewVersion(scratch: Scratch): Promise<Figure[]> {
  let [uploaded, requests] = [0, 0];
  const registry = await startRegistryProxy(
    scratch.prefix,
    () => ++requests > 0,
    (bytes) => (uploaded += bytes),
  );
  // A path of its own: BuildKit tells registries apart by their hosts alone, and would mount layers from another run's.
  const path = `bench-${process.pid}`;
  const own = { ...scratch.stack, name: "pushes", folder: join(scratch.place.folder, "pushes") };
  const stack = new TestStack(own, `${scratch.prefix}/${path}`, {
    ...scratch.ownConfig,
    registry: `${registry}/${path}`,
  });
  await up(stack, release(older));
  const before = await readBlobs(stack, `v${older}`);
  [uploaded, requests] = [0, 0];
  await up(stack, release(newer));
  const after = await readBlobs(stack, `v${newer}`);
  const added = new Map([...after].flatMap(([, blobs]) => [...blobs]).filter(([digest]) => !isIn(before, digest)));
  const figures: Figure[] = [
    {
      ...{ name: `pushed for Pulumi ${newer} after ${older}, ${languages.length} languages`, unit: "MB", goal: 1.05 },
      measured: uploaded / 1e6,
      limit: { value: sum(added.values()) / 1e6, of: "each new layer once" },
    },
    { name: `requests to the registry for that`, unit: "requests", measured: requests },
  ];
  for (const [language, blobs] of after) {
    const pulled = [...blobs].filter(([digest]) => !before.get(language)?.has(digest)).map(([, size]) => size);
    const name = `pulled of ${language} from ${older} to ${newer}`;
    figures.push({
      ...{ name, unit: "MB", measured: sum(pulled) / 1e6 },
      limit: { value: sum(blobs.values()) / 1e6, of: "the whole image" },
    });
  }
  return figures;
}

/** Reads the sizes of the blobs of each language's image, by digest. */
async function readBlobs(stack: TestStack, tag: string): Promise<Map<string, Map<string, number>>> {
  const blobs = languages.map(async (language) => {
    const manifest = await stack.client(language).manifest(tag);
    const all = [...(manifest?.config ? [manifest.config] : []), ...(manifest?.layers ?? [])];
    return [language, new Map(all.map(({ digest, size }) => [digest, size]))] as const;
  });
  return new Map(await Promise.all(blobs));
}

const isIn = (images: ReadonlyMap<string, ReadonlyMap<string, number>>, digest: string) =>
  [...images.values()].some((blobs) => blobs.has(digest));

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);

/** An update that changes nothing, and one that only moves tags. */
async function measureNoop(scratch: Scratch): Promise<Figure[]> {
  const program = copyProgram(join(scratch.place.folder, "empty"), [
    { file: "index.ts", from: /[^]*/, to: "export = {};\n" },
  ]);
  const empty = scratch.beside("empty");
  await up(scratch, release(newer));
  const seconds = await compare(
    {
      empty: () => up(empty, release(newer), { program }),
      noop: () => up(scratch, release(newer)),
      latest: () => up(scratch, release(newer, "latest")),
      // So that the next one moves tags again.
      reset: async () => {
        for (const language of languages) await scratch.remove(language, "latest");
        await up(scratch, release(newer));
      },
    },
    rounds,
  );
  return [
    {
      ...{ name: `pulumi up that changes nothing, ${languages.length} languages`, unit: "s", goal: 1.3 },
      measured: seconds.noop,
      limit: { value: seconds.empty, of: "an empty program" },
    },
    {
      ...{ name: `latest after v${newer}, ${languages.length} languages`, unit: "s", goal: 1.5 },
      measured: seconds.latest,
      limit: { value: seconds.noop, of: "changing nothing" },
    },
  ];
}

/** What a language more costs in an update that changes nothing. */
async function measureLanguages(scratch: Scratch): Promise<Figure> {
  const one = scratch.beside("one");
  const all = scratch.beside("all");
  // A program of one language: with config alone, a plain update publishes the others too.
  const program = copyProgram(join(scratch.place.folder, "yaml"), [onlyLanguages("yaml")]);
  const updateOne = () => up(one, release(newer), { program });
  const updateAll = () => up(all, release(newer));
  await updateOne();
  await updateAll();
  const seconds = await compare({ one: updateOne, all: updateAll }, rounds);
  return {
    ...{ name: `changing nothing in ${languages.length} languages`, unit: "s", goal: 0.5 },
    measured: seconds.all,
    limit: { value: seconds.one * languages.length, of: "as many times one language" },
  };
}

/** A new version of Pulumi for all languages at once, against one build after another. */
async function measureParallel(scratch: Scratch): Promise<Figure> {
  const stack = scratch.beside("parallel");
  await up(stack, release(newer));
  const build = async (name: string, ...options: string[]) => {
    const bases = {
      ...scratch.place.environment.bases,
      [`pulumi-${platforms[ownPlatform()].targetArch}`]: await pulumiLike(scratch, name),
    };
    return time(() => up(stack, { ...release(newer), bases }, { options }));
  };
  return {
    ...{ name: `a new version, ${languages.length} languages at once`, unit: "s", goal: 0.6 },
    measured: await build("parallel"),
    limit: { value: await build("sequential", "--parallel", "1"), of: "one after another" },
  };
}

/** A folder with Pulumi's programs, each with some bytes more: a version that no builder has seen. */
async function pulumiLike(scratch: Scratch, name: string): Promise<string> {
  const folder = join(scratch.place.folder, name);
  mkdirSync(folder);
  const archive = inFolder("releases", `pulumi-v${newer}-linux-${platforms[ownPlatform()].pulumiArch}.tar.gz`);
  await execa("tar", ["-xzf", archive, "-C", folder]);
  const { stdout } = await execa("find", [join(folder, "pulumi"), "-type", "f"]);
  for (const file of stdout.split("\n")) appendFileSync(file, name);
  return folder;
}
