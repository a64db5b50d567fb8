import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Fault } from "../../lib/errors";
import { fetchWithRetry } from "../../lib/http";
import { readJson, writeJson } from "../../lib/json";
import { runStep } from "../../lib/runStep";
import { writeWhole } from "../../lib/writeWhole";

/** A process that outlives the command that starts it. */
export interface Daemon {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Environment variables beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly config?: { readonly file: string; readonly text: string };
  /** The address it serves, and the remedy if another process does. */
  readonly address: string;
  readonly whenTaken: string;
  /** Whether something serves the address as expected. It may be another process. */
  readonly isHealthy: () => Promise<boolean>;
  /** Removes what one that was killed left. */
  readonly cleanUp?: () => Promise<void>;
}

/** The content of a daemon's pid file. */
interface Started {
  /** The folder it was started from. A copy of the folder contains this file too, but does not own the daemon. */
  readonly folder: string;
  readonly pid: number;
  /** In the kernel's ticks since boot. A pid may be reused, but not together with its start time. */
  readonly startTime: string;
  readonly settings: string;
}

/** Timeout in milliseconds for a daemon to start or to stop. */
const timeout = 30_000;
/** How long a daemon must survive its first healthy answer, in milliseconds. If its port was taken, it ends sooner. */
const grace = 300;
const pidFile = (name: string, folder: string) => join(folder, `${name}.json`);
const isRunning = (name: string, folder: string) => readRunning(name, folder) !== undefined;

/** Starts the daemon as `startDaemon` does, and logs its address. */
export async function ensureDaemon(daemon: Daemon, folder: string): Promise<void> {
  await runStep(daemon.name, "starting", async (step) => {
    step.done = `${await startDaemon(daemon, folder)}, ${daemon.address}`;
  });
}

/**
 * Starts the daemon, unless it already runs with the same settings and is healthy.
 * @param folder for its pid file and its log
 */
export async function startDaemon(daemon: Daemon, folder: string): Promise<"started" | "running"> {
  const { name, address, whenTaken, isHealthy } = daemon;
  // Asked twice: on a busy machine, it may answer late.
  const isUsable = async () => (await isHealthy()) || (await isHealthy());
  if (readRunning(name, folder)?.settings === settingsOf(daemon) && (await isUsable())) return "running";
  await stopDaemon(name, folder);
  // It would be mistaken for the daemon.
  if (await isHealthy()) {
    throw new Fault(`Another process already answers at ${address}, the address of ${name}. ${whenTaken}`);
  }
  await daemon.cleanUp?.();
  const logFile = join(folder, `${name}.log`);
  spawnDaemon(daemon, folder, logFile);
  for (const end = Date.now() + timeout; isRunning(name, folder) && Date.now() < end; await sleep(100)) {
    if (!(await isHealthy())) continue;
    await sleep(grace);
    if (isRunning(name, folder)) return "started";
  }
  await stopDaemon(name, folder);
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-10).join("\n");
  throw new Fault(`${name} does not start. The end of ${logFile}:\n${lines}`);
}

function spawnDaemon(daemon: Daemon, folder: string, logFile: string): void {
  const { name, command, args, config } = daemon;
  mkdirSync(folder, { recursive: true });
  if (config !== undefined) writeWhole(config.file, config.text);
  const output = openSync(logFile, "w");
  const env = { ...process.env, ...daemon.env };
  const child = spawn(command, args, { detached: true, stdio: ["ignore", output, output], env });
  child.on("error", () => undefined);
  child.unref();
  const { pid } = child;
  if (pid === undefined) return;
  const started = { folder: resolve(folder), pid, startTime: startTime(pid), settings: settingsOf(daemon) };
  writeJson(pidFile(name, folder), started satisfies Started);
}

/** Returns a function that reads what a daemon, which runs, logs from now on. */
export function followLog(name: string, folder: string): () => Promise<string> {
  const file = join(folder, `${name}.log`);
  const before = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return async () => (await readFile(file).catch(() => Buffer.alloc(0))).subarray(before).toString();
}

/** Stops the daemon that was started from this folder, and no other. Returns whether it was running. */
export async function stopDaemon(name: string, folder: string): Promise<boolean> {
  const running = readRunning(name, folder);
  if (running !== undefined) {
    process.kill(running.pid, "SIGTERM");
    for (const end = Date.now() + timeout; isRunning(name, folder) && Date.now() < end;) await sleep(50);
    if (isRunning(name, folder)) process.kill(running.pid, "SIGKILL");
  }
  rmSync(pidFile(name, folder), { force: true });
  return running !== undefined;
}

function readRunning(name: string, folder: string): Started | undefined {
  const started = readJson<Started>(pidFile(name, folder));
  if (started?.folder !== resolve(folder) || started.startTime === "") return undefined;
  return startTime(started.pid) === started.startTime ? started : undefined;
}

/** A hash of everything that decides how a daemon runs, including when its program was built. */
function settingsOf({ command, args, env, config }: Daemon): string {
  const built = statSync(command, { throwIfNoEntry: false })?.mtimeMs;
  return hash("sha256", JSON.stringify([command, built, args, env, config?.text]));
}

/** Field 22 of /proc/<pid>/stat, see proc_pid_stat(5); empty if there is no such process or it is a zombie. */
function startTime(pid: number): string {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return "";
  const text = readFileSync(file, "utf8");
  // The second field, the command in parentheses, may contain spaces.
  const [state, ...fields] = text.replace(/^.*\) /s, "").split(" ");
  return state === "Z" ? "" : (fields[18] ?? "");
}

/** Whether an HTTP server answers with success, or asks for credentials. For polls: a single quick attempt. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetchWithRetry(url, { timeout: 2000, retries: 0 }).catch(() => undefined);
  return response?.ok === true || response?.status === 401;
}

/** The remedy if another process uses a daemon's port. */
export const whenPortTaken = (variable: string) => `Stop it, or choose another port: make up ${variable}=…`;
