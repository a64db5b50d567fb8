// What a new version of Pulumi sends to the registry and to workers.
import { join } from "node:path";

import { startRegistryProxy } from "../helpers/registryProxy";
import type { Scratch } from "../helpers/scratch";
import { TestStack } from "../helpers/testStack";
import { type Figure, sum } from "./figures";
import { languages, newer, older, release, up } from "./releases";

/** The bytes and requests that a new version of Pulumi sends to the registry, and the bytes that a worker pulls. */
export async function measureNewVersion(scratch: Scratch): Promise<Figure[]> {
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
