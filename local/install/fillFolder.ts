import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Puts files into an empty folder. */
type Fill = (folder: string) => Promise<unknown>;

/** Replaces a folder. An interruption leaves the previous folder or none, never a partial one. */
export async function fillFolder(folder: string, fill: Fill): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await fill(unfinished);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

/** Replaces a folder unless it was filled from the same inputs: everything that decides the content, as text. */
export async function fillFolderOnce(folder: string, inputs: string, fill: Fill): Promise<void> {
  const stamp = join(folder, ".built-from");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) return;
  await fillFolder(folder, async (unfinished) => {
    await fill(unfinished);
    await writeFile(join(unfinished, ".built-from"), inputs);
  });
}
