import { ExecaError } from "execa";

import { Fault } from "./errors";
import { abandonSteps } from "./runStep";

/** A command that a person or a workflow starts, by its arguments. */
export type Command = (args: string[]) => Promise<void>;

/** Runs the command that the process was started with: exit code 1 if it fails, 2 if it does not exist. */
export function runCommand(commands: Readonly<Record<string, Command>>): void {
  const [name = "", ...args] = process.argv.slice(2);
  const command = commands[name];
  if (command === undefined) {
    console.error(`Unknown command "${name}". Known: ${Object.keys(commands).join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  runProgram(() => command(args));
}

/** Runs a program to its end: exit code 1 if it fails, with one sentence where that is enough. */
export function runProgram(work: () => Promise<void>): void {
  // Inside a promise, so that errors thrown before the first await are printed the same way.
  Promise.resolve().then(work).catch(exitWith);
}

/** The variables that decide what a command does, in the order in which people type them. */
const variables = ["TAG", "STACK", "LANGUAGE", "PLATFORMS", "REGISTRY"];

/** This process's command as a person types it, such as `make up TAG=v3.66.0`. */
export function commandLine([, program = "", name = ""] = process.argv, env = process.env): string {
  const given = variables.flatMap((variable) => (env[variable] ? `${variable}=${env[variable]}` : []));
  // Programs other than cli.ts have no command, but may have options.
  const command = /^[a-z][a-z-]*$/.test(name) ? name : program.replace(/^.*\/|\.[a-z]+$/g, "");
  return [`make ${command}`, ...given].join(" ");
}

/** Exits at once, because other work may run for minutes, but flushes first: process.exit() drops pending pipe writes. */
function exitWith(error: unknown): void {
  process.exitCode = 1;
  abandonSteps();
  process.stdout.write("", () => {
    console.error(describe(error));
    process.stderr.write("", () => process.exit());
  });
}

function describe(error: unknown): unknown {
  if (error instanceof Fault) return `\n${error.message}`;
  // A program that failed: its last lines tell more than our stack.
  if (error instanceof ExecaError) {
    return `\n${error.shortMessage}\n${String(error.stderr).split("\n").slice(-15).join("\n")}`;
  }
  if (isSystemError(error)) return `\n${error.message}. ${remedyOf(error.code)}, then run again: ${commandLine()}`;
  return error;
}

/** An error of the operating system, such as a file that cannot be written. Its message names the file. */
function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

const remedyOf = (code: string) => (/^(ENOSPC|EDQUOT)$/.test(code) ? "Free some disk space" : "Correct that");
