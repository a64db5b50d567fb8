import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";

import { folder, inFolder } from "./folder";
import { stopDaemon } from "./native/daemon";
import { unmountBelow } from "./native/mounts";

/** Stops this checkout's daemons. */
export async function down(): Promise<void> {
  const stopped = await stopDaemons();
  console.log(stopped.length === 0 ? "Nothing was running." : `Stopped ${stopped.join(", ")}.`);
}

/** Stops this checkout's daemons and removes .local with everything that was built and published there. */
export async function clean(): Promise<void> {
  await stopDaemons();
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
