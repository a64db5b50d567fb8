import { existsSync, mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "../lib/errors";
import type { Backend, BackendName } from "./backend";

/** The checkout's root. */
export const checkout = join(__dirname, "..");
/** The ignored folder with everything that a set-up installs and a release stores on this machine. */
export const folder = join(checkout, ".local");
/** A path in the folder. */
export const inFolder = (...parts: string[]) => join(folder, ...parts);
/** The folder of BuildKit and the registry. */
export const builderFolder = inFolder("tools", "builder");

/** What a command does with a machine that is set up: `build` images, or only `read` what it published. */
export type Purpose = "build" | "read";

/**
 * The disk space in GB that a first set-up uses here by backend, and the most that a later command adds. Without Docker, Go's
 * caches are included; with Docker, its volumes are not.
 */
const gigabytes = {
  first: { native: 9, docker: 2 },
  build: { native: 2, docker: 0.5 },
  read: { native: 0, docker: 0 },
};

/** Creates the folder, if it is writable and its disk has space for what a command does. */
export function prepareFolder(backend: BackendName, purpose: Purpose): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(inFolder(".writable"), "");
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    const remedy = "Free some disk space, or clone the repository to a writable folder.";
    throw new Fault(`${folder} is not writable (${code}). ${remedy}`);
  }
  const [free, needed] = [freeGigabytes(folder), neededGigabytes(backend, purpose)];
  if (free >= needed) return;
  throw new Fault(`${folder} has ${free.toFixed(1)} GB free, but needs ${needed.toFixed(1)} GB. Free some disk space.`);
}

/** The space on a folder's disk that this user may use. */
export function freeGigabytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return (bavail * bsize) / 1e9;
}

/** The space that a command needs, after a set-up or with one. The file is written at the end of one. */
export const neededGigabytes = (backend: BackendName, purpose: Purpose) =>
  gigabytes[existsSync(inFolder("env")) ? purpose : "first"][backend];

/** The parts that a first set-up installs with any backend, and their minutes if nothing is cached; on two cores. */
const parts = [
  { title: "Pulumi CLI, plugin", path: inFolder("pulumi", "plugins"), minutes: 5 },
  { title: "base images", path: inFolder("bases.json"), minutes: 3 },
];

/**
 * Describes how long a set-up will take and how much disk it needs; undefined if every part is installed.
 * @param backend what its own part is called, and how long that takes: 0 if it is installed
 */
export function estimateSetUp(
  backend: Pick<Backend, "name" | "title" | "minutes">,
  isInstalled: (path: string) => boolean = existsSync,
): string | undefined {
  const own = { title: backend.title, minutes: backend.minutes() };
  const missing = [...(own.minutes > 0 ? [own] : []), ...parts.filter(({ path }) => !isInstalled(path))];
  if (missing.length === 0) return undefined;
  const minutes = missing.reduce((sum, part) => sum + part.minutes, 0);
  const titles = missing.map(({ title }) => title).join(", ");
  return `up to ${minutes} minutes: ${titles}; .local grows to ${gigabytes.first[backend.name]} GB`;
}
