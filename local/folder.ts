import { existsSync, mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "../lib/errors";

/** The checkout's root. */
export const checkout = join(__dirname, "..");

/** The ignored folder that holds everything a machine's environment consists of. */
export const folder = join(checkout, ".local");

/** A path in the folder. */
export function inFolder(...parts: string[]): string {
  return join(folder, ...parts);
}

const gigabyte = 1e9;
/** What a first `make up` leaves on the disk: tools, builder, registry and Go's caches; measured, and rounded up. */
const neededAtFirst = 8 * gigabyte;
/** What another release adds, at most. */
const neededLater = 2 * gigabyte;

/** Makes the folder. Throws a Fault when nothing can be written there, or when the disk has no room for a set-up. */
export function prepareFolder(): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(inFolder(".writable"), "");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Fault(
      `${folder} cannot be written (${code}). Free the disk or clone the repository to a writable folder.`,
    );
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  // Written when the last part of a set-up is there.
  const neededBytes = existsSync(inFolder("env")) ? neededLater : neededAtFirst;
  if (free < neededBytes) {
    const gigabytes = (bytes: number) => `${(bytes / gigabyte).toFixed(1)} GB`;
    throw new Fault(
      `${folder} has ${gigabytes(free)} free, and a release environment needs ${gigabytes(neededBytes)}. Free some space.`,
    );
  }
}
