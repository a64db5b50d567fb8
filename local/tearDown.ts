import { existsSync, readFileSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";

import { execa } from "execa";

import { removeContainers } from "./docker/compose";
import { folder, inFolder } from "./folder";
import { stopDaemon } from "./native/daemon";

/** Stops this checkout's daemons, and removes its containers. What was published is kept: in .local, or in Docker's volume. */
export async function down(): Promise<void> {
  const stopped = [...(await stopDaemons()), ...(await removeContainers())];
  console.log(stopped.length === 0 ? "Nothing was running." : `Stopped ${stopped.join(", ")}.`);
}

/** Stops them too, and removes everything that was built and published: .local, and Docker's volumes. */
export async function clean(): Promise<void> {
  await stopDaemons();
  await removeContainers("--volumes");
  await unmountLeft();
  await rm(folder, { recursive: true, force: true });
  console.log(`Removed ${folder}.`);
}

/** Unmounts what an interrupted build left. Only Linux has such mounts, and this list. */
async function unmountLeft(): Promise<void> {
  const list = "/proc/self/mounts";
  const mounts = existsSync(list) ? readFileSync(list, "utf8").split("\n") : [];
  // proc_pid_mounts(5): a space in a path is written as its octal number.
  const paths = mounts.map((line) => (line.split(" ")[1] ?? "").replaceAll("\\040", " "));
  const left = paths.filter((path) => path.startsWith(`${folder}/`));
  // In reverse: a mount may contain later ones.
  for (const path of left.reverse()) await execa("umount", [path]);
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
