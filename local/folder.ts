import { existsSync, mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "../lib/errors";

/** The checkout's root. */
export const checkout = join(__dirname, "..");

/** The ignored folder with everything that a set-up installs and a release stores on this machine. */
export const folder = join(checkout, ".local");

/** A path in the folder. */
export function inFolder(...parts: string[]): string {
  return join(folder, ...parts);
}

const gigabyte = 1e9;
/** The disk space that a first `make up` uses: tools, builder, registry and Go's caches. Measured, and rounded up. */
const neededAtFirst = 9 * gigabyte;
/** The most that another release adds. */
const neededLater = 2 * gigabyte;

/**
 * Creates the folder.
 * @throws {Fault} if it is not writable or the disk lacks space for a set-up
 */
export function prepareFolder(): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(inFolder(".writable"), "");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Fault(
      `${folder} is not writable (${code}). Free some disk space, or clone the repository to a writable folder.`,
    );
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  // Written at the end of a set-up.
  const neededBytes = existsSync(inFolder("env")) ? neededLater : neededAtFirst;
  if (free < neededBytes) {
    const gigabytes = (bytes: number) => `${(bytes / gigabyte).toFixed(1)} GB`;
    throw new Fault(
      `${folder} has ${gigabytes(free)} free, but needs ${gigabytes(neededBytes)}. Free some disk space.`,
    );
  }
}
