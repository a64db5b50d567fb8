import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The file in a folder that holds the inputs it was filled from. */
const stampName = ".built-from";

/** Replaces a folder. An interruption leaves the previous folder or none, never a partial one. */
export async function fillFolder(folder: string, fill: (unfinished: string) => Promise<unknown>): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await mkdir(unfinished);
  await fill(unfinished);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

/**
 * Replaces a folder unless it was filled from the same inputs.
 * @param inputs everything that decides the content, as text
 */
export async function fillFolderOnce(
  folder: string,
  inputs: string,
  fill: (unfinished: string) => Promise<unknown>,
): Promise<void> {
  const stamp = join(folder, stampName);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) return;
  await fillFolder(folder, async (unfinished) => {
    await fill(unfinished);
    await writeFile(join(unfinished, stampName), inputs);
  });
}
