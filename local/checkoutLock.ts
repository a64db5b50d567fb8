import { rmSync } from "node:fs";
import { join } from "node:path";

import { lock } from "proper-lockfile";

import { type Command, commandLine } from "../lib/command";
import { Fault, messageOf } from "../lib/errors";
import { readJson, writeJson } from "../lib/json";
import { log } from "../lib/log";
import { checkout } from "./folder";

/** Who has the lock. */
interface Holder {
  readonly pid: number;
  /** What a person typed. */
  readonly command: string;
}

/** A lock that its holder has not touched for this long, in milliseconds, is that of a command that was killed. */
const stale = 15_000;
/** Waits for 17 to 35 seconds: a command that was killed no longer has the lock then. */
const retries = { retries: 7, minTimeout: 500, maxTimeout: 4000, randomize: true };
const lockFile = join(checkout, ".local.lock");
/** The variable by which a command knows that one that started it has the lock: a test, or the shell of a rehearsal. */
const inherited = "CHECKOUT_LOCK_PID";

/**
 * Runs work while no other command of the checkout does: they share its builder, its registry, its config and its state.
 * Waits for a command that ends soon. Beside .local, which `make clean` removes.
 * @param file the path of the lock
 * @throws {Fault} that names the other command and its process
 */
export async function withLock<T>(work: () => Promise<T>, file = lockFile): Promise<T> {
  const release = await takeLock(file);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Takes the lock, as `withLock` does, until the returned function is called or the process ends. */
export async function takeLock(file = lockFile): Promise<() => Promise<void>> {
  const holderFile = `${file}.json`;
  const owner = process.env[inherited];
  if (owner !== undefined && owner === String(readHolder(holderFile)?.pid)) return () => Promise.resolve();
  const release = await acquire(file, holderFile);
  writeJson(holderFile, { pid: process.pid, command: commandLine() } satisfies Holder);
  process.env[inherited] = String(process.pid);
  return () => {
    delete process.env[inherited];
    rmSync(holderFile, { force: true });
    return release();
  };
}

/** The command, which runs while no other command of the checkout does. */
export function alone(command: Command): Command {
  return (args) => withLock(() => command(args));
}

const readHolder = (holderFile: string) => readJson<Holder>(holderFile);

async function acquire(file: string, holderFile: string): Promise<() => Promise<void>> {
  const options = { lockfilePath: file, realpath: false, stale, onCompromised: stop };
  const isHeld = (error: unknown) => (error as NodeJS.ErrnoException).code === "ELOCKED";
  return lock(file, options).catch(async (error: unknown) => {
    if (!isHeld(error)) throw new Fault(`${file} cannot be written: ${messageOf(error)}. Free some disk space.`);
    log("waiting", `for ${describe(readHolder(holderFile))}`);
    return lock(file, { ...options, retries }).catch((late: unknown) => {
      if (!isHeld(late)) throw late;
      const holder = readHolder(holderFile);
      const remedy = holder === undefined ? "Wait for it." : `Wait for it, or stop it: kill ${holder.pid}.`;
      throw new Fault(`Another command works in this checkout: ${describe(holder)}. ${remedy} Nothing was changed.`);
    });
  });
}

function describe(holder: Holder | undefined): string {
  return holder === undefined ? "one that has just begun" : `${holder.command} (process ${holder.pid})`;
}

/** Another command may have begun since. */
function stop(error: Error): void {
  console.error(
    `\nThis command stood still for more than ${stale / 1000} s and lost its lock: ${error.message}. Run it again.`,
  );
  process.exit(1);
}
