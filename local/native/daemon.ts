import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Fault } from "../../lib/errors";
import { readJson, writeJson } from "../../lib/json";

/** A process that goes on after the command that started it. */
export interface Daemon {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What its config file says, if it has one. */
  readonly config?: string;
  /** Where it answers, for people. */
  readonly address: string;
  /** What to do where another process answers there, as a sentence. */
  readonly whenTaken: string;
  /** Whether what answers there does its work. It need not be this daemon. */
  readonly isHealthy: () => Promise<boolean>;
}

interface Started {
  /** The folder that it was started from: a copy of the folder has the file too, and must leave the daemon alone. */
  readonly folder: string;
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot: a pid is used again, a pid with its start time is not. */
  readonly startTime: string;
  /** What it was started from, as a hash. */
  readonly settings: string;
}

const patience = 30_000;
/** How long a daemon is watched after the first healthy answer: by then it has ended where its port was taken. */
const grace = 300;

/**
 * Starts the daemon unless it runs with the same settings and is healthy. Throws a Fault where another process answers
 * at its address, and one with the end of its log when it does not come up.
 */
export async function startDaemon(daemon: Daemon, folder: string): Promise<"started" | "running"> {
  const running = readRunning(daemon.name, folder);
  const settings = settingsOf(daemon);
  if (running?.settings === settings && (await daemon.isHealthy())) return "running";
  if (running !== undefined) await stopDaemon(daemon.name, folder);
  await requireFree(daemon);
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${daemon.name}.log`);
  const output = openSync(log, "w");
  const child = spawn(daemon.command, daemon.args, {
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, ...daemon.env },
  });
  child.on("error", () => undefined);
  child.unref();
  const { pid } = child;
  if (pid !== undefined) {
    const started: Started = { folder: resolve(folder), pid, startTime: startTime(pid), settings };
    writeJson(pidFile(daemon.name, folder), started);
  }
  const end = Date.now() + patience;
  while (readRunning(daemon.name, folder) !== undefined && Date.now() < end) {
    if ((await daemon.isHealthy()) && (await survives(daemon.name, folder))) return "started";
    await sleep(100);
  }
  await stopDaemon(daemon.name, folder);
  const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-10).join("\n");
  throw new Fault(`${daemon.name} does not come up. The end of ${log}:\n${lines}`);
}

/** Throws a Fault where something answers already, which would be taken for the daemon. */
async function requireFree({ name, address, whenTaken, isHealthy }: Daemon): Promise<void> {
  if (!(await isHealthy())) return;
  throw new Fault(`${name} is to answer at ${address}, and another process answers there already. ${whenTaken}`);
}

/** Whether a daemon that was healthy still runs after the grace: a healthy answer may have been another process's. */
async function survives(name: string, folder: string): Promise<boolean> {
  await sleep(grace);
  return readRunning(name, folder) !== undefined;
}

/** Stops the daemon that was started from this folder, and only it. Tells whether there was one. */
export async function stopDaemon(name: string, folder: string): Promise<boolean> {
  const running = readRunning(name, folder);
  if (running !== undefined) {
    process.kill(running.pid, "SIGTERM");
    const end = Date.now() + patience;
    while (readRunning(name, folder) !== undefined && Date.now() < end) await sleep(50);
    if (readRunning(name, folder) !== undefined) process.kill(running.pid, "SIGKILL");
  }
  rmSync(pidFile(name, folder), { force: true });
  return running !== undefined;
}

/** What was started from this folder and still runs. */
function readRunning(name: string, folder: string): Started | undefined {
  const started = readJson<Started>(pidFile(name, folder));
  if (started?.folder !== resolve(folder)) return undefined;
  return startTime(started.pid) === started.startTime && started.startTime !== "" ? started : undefined;
}

/** Everything that decides how a daemon runs, as a hash. A program that was built again is another one. */
function settingsOf({ command, args, env, config }: Daemon): string {
  const program = statSync(command, { throwIfNoEntry: false })?.mtimeMs;
  const settings = JSON.stringify([command, program, args, env, config]);
  return createHash("sha256").update(settings).digest("hex");
}

/** Field 22 of /proc/<pid>/stat (proc_pid_stat(5)), empty where there is no such process or it is a zombie. */
function startTime(pid: number): string {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return "";
  // The second field, the command in parentheses, may hold spaces.
  const fields = readFileSync(file, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return fields[0] === "Z" ? "" : (fields[19] ?? "");
}

function pidFile(name: string, folder: string): string {
  return join(folder, `${name}.json`);
}
