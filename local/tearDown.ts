import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";

import { removeContainers } from "./docker/compose";
import { abandonedPlaces, cacheOf, folder, inFolder } from "./folder";
import { stopDaemon } from "./native/daemon";
import { unmountBelow } from "./native/mounts";

/** Stops this checkout's daemons, and removes its containers. What was published is kept: in .local, or in Docker's volume. */
export async function down(): Promise<void> {
  const stopped = [...(await stopDaemons()), ...(await removeContainers())];
  console.log(stopped.length === 0 ? "Nothing was running." : `Stopped ${stopped.join(", ")}.`);
}

/**
 * Stops them too, and removes everything that was built and published: .local, BuildKit's cache, and Docker's volumes. Also
 * BuildKit's caches of checkouts that are gone.
 */
export async function clean(): Promise<void> {
  await stopDaemons();
  await removeContainers("--volumes");
  for (const path of [...placesOfDaemons().map(cacheOf), folder]) await remove(path);
  console.log(`Removed ${folder}.`);
  for (const place of abandonedPlaces()) {
    await remove(cacheOf(place));
    console.log(`Removed ${cacheOf(place)}, because ${place} is gone.`);
  }
}

async function remove(path: string): Promise<void> {
  await unmountBelow(path);
  await rm(path, { recursive: true, force: true });
}

/** The folders of this checkout's daemons, also of those that an interrupted test left. */
function placesOfDaemons(): string[] {
  const tests = existsSync(inFolder("tests")) ? readdirSync(inFolder("tests")) : [];
  // A test has a folder of daemons, or a copy of the checkout.
  const places = tests.flatMap((name) => [inFolder("tests", name), inFolder("tests", name, ".local")]);
  return [folder, ...places];
}

/** Stops the daemons of this checkout. Returns their names. */
async function stopDaemons(): Promise<string[]> {
  const stopped = placesOfDaemons().flatMap((place) =>
    ["buildkit", "registry", "mirror"].map(async (name) => ((await stopDaemon(name, place)) ? [name] : [])),
  );
  return (await Promise.all(stopped)).flat();
}
