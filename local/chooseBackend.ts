import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { readVariable } from "../lib/environmentVariables";
import { Fault } from "../lib/errors";
import { log } from "../lib/log";
import { writeWhole } from "../lib/writeWhole";
import type { Backend, BackendName } from "./backend";
import { dockerBackend } from "./docker/dockerBackend";
import { whyUnusable } from "./docker/whyUnusable";
import { folder, inFolder } from "./folder";
import { nativeBackend } from "./native/nativeBackend";

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

/**
 * The backend that this checkout's last set-up used, if any. If its name is damaged, that of which there are files.
 * @param place the folder .local
 */
export function readUsed(place = folder): BackendName | undefined {
  const has = (...parts: string[]) => existsSync(join(place, ...parts));
  const name = has("backend") ? readFileSync(join(place, "backend"), "utf8").trim() : "";
  if (name === "docker" || name === "native") return name;
  if (has("tools", "builder")) return "native";
  return has("compose.env") ? "docker" : undefined;
}

/** Remembers the backend, so that Docker's absence one day does not start another registry, which is empty. */
export function remember({ name }: Backend): void {
  mkdirSync(folder, { recursive: true });
  writeWhole(inFolder("backend"), name);
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
