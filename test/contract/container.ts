import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Result as Ended, execa } from "execa";

import { Fault } from "../../lib/errors";
import type { Result, Running } from "./box";

/** What containers of an image need from this machine. */
export interface Engine {
  /** The path of runc: https://github.com/opencontainers/runc */
  readonly runc: string;
  /** The image's root file system. */
  readonly files: string;
  /** A folder for what containers change. */
  readonly folder: string;
}

/** A running container that can be ended. */
export interface Container extends Running {
  /** Ends it, also if it has not quite started. */
  kill(): Promise<void>;
}

/**
 * Starts a container with the files of the image, below a layer of its own.
 * @param config the container's config, given the path of its root file system
 * @param timeout in milliseconds
 * @returns the container, whose end includes the removal of everything that belongs to it
 */
export async function startContainer(
  engine: Engine,
  config: (root: string) => object,
  timeout: number,
): Promise<Container> {
  const folder = await createFolder(engine);
  await writeFile(join(folder, "config.json"), JSON.stringify(config(join(folder, "root"))));
  const id = `contract-${randomUUID()}`;
  const program = [engine.runc, "--root", join(folder, "state")] as const;
  const runc = (...args: string[]) =>
    execa(program[0], [...program.slice(1), ...args], { all: true, reject: false, stdin: "ignore" });
  const state = { ended: false, timedOut: false };
  const kill = async () => {
    // runc does not know it before it has created it.
    for (; !state.ended; await sleep(100)) await runc("delete", "--force", id);
  };
  const run = async (): Promise<Result> => {
    const timer = setTimeout(() => {
      state.timedOut = true;
      void kill();
    }, timeout);
    try {
      const ended = toResult(await inOverlay(engine, folder, [...program, "run", "--bundle", folder, id]));
      if (!state.timedOut) return ended;
      return { exitCode: 124, output: `${ended.output}\nIt was stopped after ${timeout / 1000} seconds.` };
    } finally {
      state.ended = true;
      clearTimeout(timer);
      await runc("delete", "--force", id);
      await rm(folder, { recursive: true, force: true });
    }
  };
  return {
    ended: run(),
    exec: async (script) => toResult(await runc("exec", id, "sh", "-c", `exec 2>&1\n${script}`)),
    signal: async (name) => void (await runc("kill", id, name)),
    kill,
  };
}

async function createFolder({ folder: parent }: Engine): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "container-"));
  for (const name of ["root", "upper", "work"]) await mkdir(join(folder, name));
  return folder;
}

/**
 * Mounts the root file system and runs a command. Only that command sees the mount, so it ends with it, however that happens.
 * Both streams are one, so that their order is kept.
 */
const mountAndRun = `exec 2>&1
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root" || exit
shift 2
exec "$@"`;

function inOverlay({ files }: Engine, folder: string, command: readonly string[]) {
  const shell = ["sh", "-c", mountAndRun, "sh", files, folder, ...command];
  const options = { all: true, reject: false, stdin: "ignore" } as const;
  return execa("unshare", ["--mount", "--propagation=private", ...shell], options);
}

/** @throws {Fault} if this machine cannot mount a container's root file system */
export async function requireOverlay(engine: Engine): Promise<void> {
  const folder = await createFolder(engine);
  const { failed, all } = await inOverlay(engine, folder, ["true"]);
  await rm(folder, { recursive: true, force: true });
  if (!failed) return;
  throw new Fault(
    `Containers need overlayfs, but it cannot be mounted in ${engine.folder}: ${all.trim()}. ` +
      `Run as root, with the checkout on a file system such as ext4 or xfs.`,
  );
}

function toResult({ exitCode, all }: Ended<{ all: true; reject: false }>): Result {
  // Undefined if a signal ended runc itself.
  return { exitCode: exitCode ?? 137, output: all };
}
