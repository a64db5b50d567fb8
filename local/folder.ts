import { existsSync, mkdirSync, readdirSync, statfsSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { readVariable } from "../lib/environmentVariables";
import { Fault } from "../lib/errors";
import type { Backend, BackendName } from "./backend";

/** The checkout's root. */
export const checkout = join(__dirname, "..");
/** The ignored folder with everything that a set-up installs and a release stores on this machine. */
export const folder = join(checkout, ".local");
/** A path in the folder. */
export const inFolder = (...parts: string[]) => join(folder, ...parts);
/**
 * Where a daemon's folder, such as .local, has its trees of many files: BuildKit's cache, and images that are unpacked. Not
 * below the checkout, because Pulumi's host for Node.js reads every folder beside a program before it runs it: 2 s for the
 * cache of seven images. The place is that of other caches: https://specifications.freedesktop.org/basedir-spec
 */
export const cacheOf = (place: string) => {
  const home = readVariable("XDG_CACHE_HOME") ?? join(homedir(), ".cache");
  return join(home, "runner-pulumi", encodeURIComponent(place));
};
/** The folders that are gone but have a cache: their checkouts were removed without `make clean`. */
export function abandonedPlaces(): string[] {
  const caches = dirname(cacheOf(folder));
  const names = existsSync(caches) ? readdirSync(caches) : [];
  const places = names.filter((name) => name.startsWith("%2F")).map(decodeURIComponent);
  return places.filter((place) => !existsSync(place));
}
/** The folder of BuildKit and the registry. */
export const builderFolder = inFolder("tools", "builder");

/** What a command does with a machine that is set up: `build` images, only `read` what it published, or `test` the project. */
export type Purpose = "build" | "read" | "test";

/**
 * The disk space in GB that a set-up uses here by backend, and the most that a command then adds. Without Docker, Go's caches
 * are included; with Docker, its volumes are not. Tests set another checkout up: less than the space that BuildKit leaves free.
 */
const gigabytes = {
  setUp: { native: 9, docker: 1.5 },
  build: { native: 2, docker: 0.5 },
  read: { native: 0, docker: 0 },
  test: { native: 14, docker: 0 },
};
const neededAtFirst = (backend: BackendName, purpose: Purpose) =>
  gigabytes.setUp[backend] + gigabytes[purpose][backend];

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
  const { lack } = measureDisk(backend, purpose);
  if (lack !== undefined) throw new Fault(lack);
}

/**
 * Measures the disk of the folder, and that of BuildKit's cache if BuildKit runs as a process: the one with less free space.
 * @returns its free space in GB, and a sentence if a command needs more, after a set-up or with one
 */
export function measureDisk(backend: BackendName, purpose: Purpose): { readonly free: number; readonly lack?: string } {
  const places = backend === "native" ? [folder, cacheOf(folder)] : [folder];
  const [{ place, free } = { place: folder, free: 0 }] = places.map(freeGigabytes).sort((a, b) => a.free - b.free);
  // The file is written at the end of a set-up.
  const isSetUp = existsSync(inFolder("env"));
  const needed = isSetUp ? gigabytes[purpose][backend] : neededAtFirst(backend, purpose);
  if (free >= needed) return { free };
  const lack = `${place} has ${free.toFixed(1)} GB free, but needs ${needed.toFixed(1)} GB. Free some disk space.`;
  return { free, lack };
}

/** The space that this user may use on the disk of a folder, or of the nearest one above it that exists. */
function freeGigabytes(place: string): { place: string; free: number } {
  if (!existsSync(place)) return freeGigabytes(dirname(place));
  const { bavail, bsize } = statfsSync(place);
  return { place, free: (bavail * bsize) / 1e9 };
}

/** The parts that a first set-up installs with any backend, and their minutes if nothing is cached; built on two cores. */
const parts = [
  { title: "Pulumi CLI, plugin", path: inFolder("pulumi", "plugins"), downloaded: 1, built: 9 },
  { title: "base images", path: inFolder("bases.json"), downloaded: 1, built: 1 },
  { title: "Pulumi release", path: inFolder("releases"), downloaded: 0, built: 3 },
];

/**
 * Describes how long a set-up will take and how much disk it needs; undefined if every part is installed.
 * @param backend what its own part is called, and how long that takes: 0 if it is installed
 * @param isConnected whether Pulumi's own downloads can be reached: what cannot be downloaded is built. Asked only if needed
 */
export async function estimateSetUp(
  backend: Pick<Backend, "name" | "title" | "minutes">,
  isConnected: () => Promise<boolean>,
  isInstalled: (path: string) => boolean = existsSync,
): Promise<string | undefined> {
  const own = { title: backend.title, downloaded: backend.minutes(), built: backend.minutes() };
  const absent = [own, ...parts.filter(({ path }) => !isInstalled(path))];
  // A machine that downloads never has a release of its own: if only that is missing, the set-up was complete.
  if (absent.every(({ downloaded }) => downloaded === 0)) return undefined;
  const time = (await isConnected()) ? "downloaded" : "built";
  const missing = absent.map((part) => ({ ...part, minutes: part[time] })).filter(({ minutes }) => minutes > 0);
  const minutes = missing.reduce((sum, part) => sum + part.minutes, 0);
  const titles = missing.map(({ title }) => title).join(", ");
  return `up to ${minutes} ${minutes === 1 ? "minute" : "minutes"}: ${titles}; needs ${neededAtFirst(backend.name, "build")} GB of disk`;
}
