import { ExecaError } from "execa";

import { Fault, messageOf } from "./errors";
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
  const file = program.replace(/^.*\/|\.[a-z]+$/g, "");
  const command = /^[a-z][a-z-]*$/.test(name) ? name : file.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
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
  const remedy = remedyFor(error);
  return remedy === undefined ? error : `\n${messageOf(error)}. ${remedy}, then run again: ${commandLine()}`;
}

const remedies: readonly (readonly [codes: RegExp, remedy: string])[] = [
  [/^(ENOSPC|EDQUOT)$/, "Free some disk space"],
  [/^(EACCES|EPERM|EROFS)$/, "Let this user write there"],
  [/^(EMFILE|ENFILE|ENOMEM)$/, "End other programs"],
];

/** What a person can do about an error of the operating system; undefined if it may be one of this program. */
function remedyFor(error: unknown): string | undefined {
  const { code = "", syscall } = Object(error) as { code?: unknown; syscall?: unknown };
  return syscall === undefined ? undefined : remedies.find(([codes]) => codes.test(String(code)))?.[1];
}
