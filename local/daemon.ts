import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Fault } from "./fault";

/** A process that goes on after the command that started it. */
export interface Daemon {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it does its work. */
  readonly isHealthy: () => Promise<boolean>;
}

interface Started {
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot: a pid is used again, a pid with its start time is not. */
  readonly startTime: string;
}

const patience = 30_000;

/** Starts the daemon unless it runs and is healthy. Throws a Fault with the end of its log when it does not come up. */
export async function startDaemon(daemon: Daemon, folder: string): Promise<"started" | "running"> {
  if (runningPid(daemon.name, folder) !== undefined) {
    if (await daemon.isHealthy()) return "running";
    await stopDaemon(daemon.name, folder);
  }
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
  if (child.pid !== undefined) {
    writeFileSync(pidFile(daemon.name, folder), JSON.stringify({ pid: child.pid, startTime: startTime(child.pid) }));
  }
  const end = Date.now() + patience;
  while (runningPid(daemon.name, folder) !== undefined && Date.now() < end) {
    if (await daemon.isHealthy()) return "started";
    await sleep(100);
  }
  await stopDaemon(daemon.name, folder);
  const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-10).join("\n");
  throw new Fault(`${daemon.name} does not come up. The end of ${log}:\n${lines}`);
}

/** Stops the daemon that was started from this folder, and only it. Tells whether there was one. */
export async function stopDaemon(name: string, folder: string): Promise<boolean> {
  const pid = runningPid(name, folder);
  if (pid !== undefined) {
    process.kill(pid, "SIGTERM");
    const end = Date.now() + patience;
    while (runningPid(name, folder) !== undefined && Date.now() < end) await sleep(50);
    if (runningPid(name, folder) !== undefined) process.kill(pid, "SIGKILL");
  }
  rmSync(pidFile(name, folder), { force: true });
  return pid !== undefined;
}

function runningPid(name: string, folder: string): number | undefined {
  const file = pidFile(name, folder);
  if (!existsSync(file)) return undefined;
  const { pid, startTime: expected } = JSON.parse(readFileSync(file, "utf8")) as Started;
  return startTime(pid) === expected && expected !== "" ? pid : undefined;
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
