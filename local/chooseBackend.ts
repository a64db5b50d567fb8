import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { readVariable } from "../lib/environmentVariables";
import { Fault } from "../lib/errors";
import { log } from "../lib/log";
import type { Backend, BackendName } from "./backend";
import { dockerBackend } from "./docker/dockerBackend";
import { whyUnusable } from "./docker/whyUnusable";
import { builderFolder, folder, inFolder } from "./folder";
import { nativeBackend } from "./native/nativeBackend";

/** The backend that a checkout's last set-up used. Its registry has what was published. */
const file = inFolder("backend");
let chosen: Promise<Backend> | undefined;

/** Chooses the backend of this checkout, once per process, and logs which one it is and why. */
export function chooseBackend(): Promise<Backend> {
  return (chosen ??= choose());
}

async function choose(): Promise<Backend> {
  const wanted = readVariable("BACKEND");
  // Asking Docker takes a quarter of a second.
  const unusable = wanted === "native" ? undefined : await whyUnusable();
  const { name, reason } = decide(wanted, readUsed(), unusable);
  log("backend", `${name}: ${reason}`);
  return name === "docker" ? dockerBackend : nativeBackend(unusable);
}

/** The backend that this checkout's last set-up used, if any. */
export function readUsed(): BackendName | undefined {
  if (existsSync(file)) return readFileSync(file, "utf8") as BackendName;
  // Before there were two, this folder was a part of every set-up.
  return existsSync(builderFolder) ? "native" : undefined;
}

/** Remembers the backend, so that Docker's absence one day does not start another registry, which is empty. */
export function remember({ name }: Backend): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, name);
}

/**
 * Decides which backend is used: the one in BACKEND, else the one of the last set-up, else Docker if it is usable.
 * @param unusable why Docker is not usable; undefined if it is
 * @throws {Fault} if that backend is unknown or not usable
 */
export function decide(wanted: string | undefined, used: BackendName | undefined, unusable: string | undefined) {
  const remedy = "Start or install Docker (make doctor)";
  if (wanted === "native") return { name: wanted, reason: "BACKEND is native" } as const;
  if (wanted === "docker") {
    if (unusable === undefined) return { name: wanted, reason: "BACKEND is docker" } as const;
    throw new Fault(`BACKEND is docker, but ${unusable}. ${remedy}, or omit BACKEND.`);
  }
  if (wanted !== undefined) throw new Fault(`BACKEND "${wanted}" is not a backend. Use docker or native.`);
  if (used === "native") return { name: used, reason: "this checkout was set up with it" } as const;
  if (unusable === undefined) return { name: "docker", reason: "it answers, with compose and buildx" } as const;
  if (used === undefined) return { name: "native", reason: unusable } as const;
  throw new Fault(
    `This checkout's BuildKit and registry run in Docker, but ${unusable}. ` +
      `${remedy}, or set BACKEND=native for others without Docker.`,
  );
}
