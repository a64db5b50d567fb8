import { existsSync, readFileSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";

import { execa } from "execa";

import { folder, inFolder } from "./folder";
import { stopDaemon } from "./native/daemon";

/** Stops this checkout's daemons. */
export async function down(): Promise<void> {
  const stopped = await stopDaemons();
  console.log(stopped.length === 0 ? "Nothing was running." : `Stopped ${stopped.join(", ")}.`);
}

/** Stops this checkout's daemons and removes .local with everything that was built and published there. */
export async function clean(): Promise<void> {
  await stopDaemons();
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  // proc_pid_mounts(5): a space in a path is written as its octal number.
  const paths = mounts.map((line) => (line.split(" ")[1] ?? "").replaceAll("\\040", " "));
  const left = paths.filter((path) => path.startsWith(`${folder}/`));
  // What an interrupted build left mounted. In reverse: a mount may contain later ones.
  for (const path of left.reverse()) await execa("umount", [path]);
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
