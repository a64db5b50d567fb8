import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Fault } from "../../lib/errors";
import { fetchWithRetry } from "../../lib/http";
import { readJson, writeJson } from "../../lib/json";
import { log } from "../../lib/log";

/** A process that outlives the command that starts it. */
export interface Daemon {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Environment variables beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** The content of its config file, if it has one. */
  readonly config?: string;
  /** The address it serves, for messages. */
  readonly address: string;
  /** The remedy if another process serves that address, as a sentence. */
  readonly whenTaken: string;
  /** Whether something serves the address as expected. It may be another process. */
  readonly isHealthy: () => Promise<boolean>;
}

interface Started {
  /** The folder it was started from. A copy of the folder contains this file too, but does not own the daemon. */
  readonly folder: string;
  readonly pid: number;
  /** In the kernel's ticks since boot. A pid may be reused, but not together with its start time. */
  readonly startTime: string;
  /** A hash of everything it was started with. */
  readonly settings: string;
}

/** Timeout in milliseconds for a daemon to start or to stop. */
const timeout = 30_000;
/** How long a daemon must survive its first healthy answer, in milliseconds. If its port was taken, it ends sooner. */
const grace = 300;

/** Starts the daemon as `startDaemon` does, and logs its address. */
export async function ensureDaemon(daemon: Daemon, folder: string): Promise<void> {
  log(daemon.name, `${daemon.address} (${await startDaemon(daemon, folder)})`);
}

/**
 * Starts the daemon, unless it already runs with the same settings and is healthy.
 * @param folder for its pid file and its log
 * @throws {Fault} if another process serves its address, or if it does not become healthy: with the end of its log
 */
export async function startDaemon(daemon: Daemon, folder: string): Promise<"started" | "running"> {
  const running = readRunning(daemon.name, folder);
  const settings = settingsOf(daemon);
  if (running?.settings === settings && (await daemon.isHealthy())) return "running";
  if (running !== undefined) await stopDaemon(daemon.name, folder);
  await requireFree(daemon);
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, `${daemon.name}.log`);
  spawnDaemon(daemon, folder, settings, logFile);
  const end = Date.now() + timeout;
  while (readRunning(daemon.name, folder) !== undefined && Date.now() < end) {
    if ((await daemon.isHealthy()) && (await survives(daemon.name, folder))) return "started";
    await sleep(100);
  }
  await stopDaemon(daemon.name, folder);
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-10).join("\n");
  throw new Fault(`${daemon.name} does not start. The end of ${logFile}:\n${lines}`);
}

function spawnDaemon({ name, command, args, env }: Daemon, folder: string, settings: string, logFile: string): void {
  const output = openSync(logFile, "w");
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, ...env },
  });
  child.on("error", () => undefined);
  child.unref();
  const { pid } = child;
  if (pid === undefined) return;
  const started: Started = { folder: resolve(folder), pid, startTime: startTime(pid), settings };
  writeJson(pidFile(name, folder), started);
}

/** Otherwise a process that answers already would be mistaken for the daemon. */
async function requireFree({ name, address, whenTaken, isHealthy }: Daemon): Promise<void> {
  if (!(await isHealthy())) return;
  throw new Fault(`Another process already answers at ${address}, the address of ${name}. ${whenTaken}`);
}

/** Whether the daemon still runs after the grace period. If not, the healthy answer came from another process. */
async function survives(name: string, folder: string): Promise<boolean> {
  await sleep(grace);
  return readRunning(name, folder) !== undefined;
}

/**
 * Stops the daemon that was started from this folder, and no other.
 * @returns whether it was running
 */
export async function stopDaemon(name: string, folder: string): Promise<boolean> {
  const running = readRunning(name, folder);
  if (running !== undefined) {
    process.kill(running.pid, "SIGTERM");
    const end = Date.now() + timeout;
    while (readRunning(name, folder) !== undefined && Date.now() < end) await sleep(50);
    if (readRunning(name, folder) !== undefined) process.kill(running.pid, "SIGKILL");
  }
  rmSync(pidFile(name, folder), { force: true });
  return running !== undefined;
}

/** The daemon that was started from this folder, if it still runs. */
function readRunning(name: string, folder: string): Started | undefined {
  const started = readJson<Started>(pidFile(name, folder));
  if (started?.folder !== resolve(folder)) return undefined;
  return startTime(started.pid) === started.startTime && started.startTime !== "" ? started : undefined;
}

/** A hash of everything that decides how a daemon runs, including when its program was built. */
function settingsOf({ command, args, env, config }: Daemon): string {
  const built = statSync(command, { throwIfNoEntry: false })?.mtimeMs;
  return createHash("sha256")
    .update(JSON.stringify([command, built, args, env, config]))
    .digest("hex");
}

/** Field 22 of /proc/<pid>/stat, see proc_pid_stat(5); empty if there is no such process or it is a zombie. */
function startTime(pid: number): string {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return "";
  // The second field, the command in parentheses, may contain spaces.
  const fields = readFileSync(file, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return fields[0] === "Z" ? "" : (fields[19] ?? "");
}

function pidFile(name: string, folder: string): string {
  return join(folder, `${name}.json`);
}

/** Whether an HTTP server answers with success, or asks for credentials. For polls: a single quick attempt. */
export async function answers(url: string): Promise<boolean> {
  return fetchWithRetry(url, { timeout: 2000, retries: 0 }).then(
    ({ ok, status }) => ok || status === 401,
    () => false,
  );
}

/** The remedy if another process uses a daemon's port. */
export function whenPortTaken(variable: string): string {
  return `Stop it, or choose another port: make up ${variable}=…`;
}
