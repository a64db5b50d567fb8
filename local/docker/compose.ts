import { hash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, relative } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { checkout, folder, inFolder } from "../folder";
import { portOf } from "../native/ports";
import { remedyFor, whyUnusable } from "./whyUnusable";

/** The project of a checkout's containers and volumes. The folder's hash tells checkouts of the same name apart. */
export function projectOf(path: string): string {
  // https://docs.docker.com/compose/how-tos/project-name
  const name = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
  return `${name || "checkout"}-${hash("sha256", path).slice(0, 8)}`;
}

/** The variables of compose.yaml, for plain Docker too: `docker compose --env-file .local/compose.env logs`. */
const file = inFolder("compose.env");

/** The command that prints the log of a service. */
export const logsOf = (service: string) => `docker compose --env-file ${relative(checkout, file)} logs ${service}`;

/** Whether this checkout has, or had, containers or volumes. */
export const isComposed = () => existsSync(file);

/** Chooses the registry's port, which is not the native registry's: that one has other images. Returns compose's variables. */
export async function prepareCompose() {
  mkdirSync(folder, { recursive: true });
  const port = await portOf("docker-registry", folder, "REGISTRY_PORT");
  const variables = { COMPOSE_PROJECT_NAME: projectOf(checkout), REGISTRY_PORT: String(port) };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(file, lines.join(""));
  return variables;
}

/**
 * Removes this checkout's containers and, if asked to, its volumes. Returns the names of the containers.
 * @throws {Fault} if Docker does not answer and there may be some
 */
export async function removeContainers(...options: readonly "--volumes"[]): Promise<string[]> {
  if (!isComposed()) {
    // The file is gone if somebody removed .local, which has no other part of them.
    if (!(await hasVolumes())) return [];
    await prepareCompose();
  }
  const unusable = await whyUnusable();
  if (unusable !== undefined) {
    throw new Fault(
      `This checkout has containers and volumes in Docker, but ${unusable}. ${remedyFor(unusable)}. Then retry. ` +
        `If they are gone with it, remove ${file}.`,
    );
  }
  const { stdout } = await compose("ps", "--all", "--services");
  const { failed, all } = await compose("down", ...options);
  if (failed) throw new Fault(`docker compose down failed:\n${all}`);
  if (options.includes("--volumes")) rmSync(file);
  return stdout.split("\n").filter(Boolean);
}

/** Whether Docker has volumes of this checkout; not if Docker does not answer. */
async function hasVolumes(): Promise<boolean> {
  const filter = `--filter=label=com.docker.compose.project=${projectOf(checkout)}`;
  const { stdout = "" } = await execa("docker", ["volume", "ls", "--quiet", filter], { reject: false, timeout: 5000 });
  return stdout !== "";
}

/** Runs `docker compose` on this checkout's project. Does not throw. */
export async function compose(...args: string[]) {
  const env = { COMPOSE_PROJECT_NAME: projectOf(checkout), REGISTRY_PORT: undefined, COMPOSE_PROGRESS: "plain" };
  const command = ["compose", `--env-file=${file}`, ...args];
  return execa("docker", command, { cwd: checkout, env, reject: false, all: true, stdin: "ignore" });
}
