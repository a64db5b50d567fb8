import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";

import { removeContainers } from "./docker/compose";
import { folder, inFolder } from "./folder";
import { stopDaemon } from "./native/daemon";
import { unmountBelow } from "./native/mounts";

/** Stops this checkout's daemons, and removes its containers. What was published is kept: in .local, or in Docker's volume. */
export async function down(): Promise<void> {
  const stopped = [...(await stopDaemons()), ...(await removeContainers())];
  console.log(stopped.length === 0 ? "Nothing was running." : `Stopped ${stopped.join(", ")}.`);
}

/** Stops them too, and removes everything that was built and published: .local, and Docker's volumes. */
export async function clean(): Promise<void> {
  await stopDaemons();
  await removeContainers("--volumes");
  await unmountBelow(folder);
  await rm(folder, { recursive: true, force: true });
  console.log(`Removed ${folder}.`);
}

/** Stops the daemons of this checkout, also those that an interrupted test left. Returns their names. */
async function stopDaemons(): Promise<string[]> {
  const tests = existsSync(inFolder("tests")) ? readdirSync(inFolder("tests")) : [];
  const folders = [folder, ...tests.map((name) => inFolder("tests", name))];
  const stopped = folders.flatMap((place) =>
    ["buildkit", "registry", "mirror"].map(async (name) => ((await stopDaemon(name, place)) ? [name] : [])),
  );
  return (await Promise.all(stopped)).flat();
}
