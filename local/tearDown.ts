import { existsSync, readFileSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";

import { execa } from "execa";

import { stopDaemon } from "./native/daemon";
import { folder, inFolder } from "./folder";

/** Stops the daemons that were started from this checkout, and by tests that did not get to it. Tells which there were. */
async function stopDaemons(): Promise<string[]> {
  const tests = existsSync(inFolder("tests"))
    ? readdirSync(inFolder("tests")).map((name) => inFolder("tests", name))
    : [];
  const stopped = [folder, ...tests].flatMap((place) =>
    ["buildkit", "registry", "mirror"].map(async (name) => ((await stopDaemon(name, place)) ? [name] : [])),
  );
  return (await Promise.all(stopped)).flat();
}

/** Removes the folder, with whatever an interrupted build has left mounted in it. */
async function removeFolder(): Promise<void> {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  // proc_pid_mounts(5): a space in a path is written as its octal number.
  const paths = mounts.map((line) => (line.split(" ")[1] ?? "").replaceAll("\\040", " "));
  const inside = paths.filter((path) => path.startsWith(`${folder}/`));
  // The last first: one may lie in another.
  for (const path of inside.reverse()) await execa("umount", [path]);
  await rm(folder, { recursive: true, force: true });
}

/** Stops what runs for this checkout. */
export async function down(): Promise<void> {
  const stopped = await stopDaemons();
  console.log(stopped.length === 0 ? "Nothing was running." : `Stopped ${stopped.join(", ")}.`);
}

/** Stops it and removes .local with everything that was built and published there. */
export async function clean(): Promise<void> {
  await stopDaemons();
  await removeFolder();
  console.log(`Removed ${folder}.`);
}
