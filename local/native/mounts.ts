import { existsSync, readFileSync } from "node:fs";

import { execa } from "execa";

/** Unmounts what a build that was killed left mounted below a folder. Only Linux has such mounts, and their list. */
export async function unmountBelow(folder: string): Promise<void> {
  const list = "/proc/self/mounts";
  const mounts = existsSync(list) ? readFileSync(list, "utf8").split("\n") : [];
  // proc_pid_mounts(5): a space in a path is written as its octal number.
  const paths = mounts.map((line) => (line.split(" ")[1] ?? "").replaceAll("\\040", " "));
  const left = paths.filter((path) => path.startsWith(`${folder}/`));
  // In reverse: a mount may contain later ones.
  for (const path of left.reverse()) await execa("umount", [path]);
}
