import { ExecaError } from "execa";

import { Fault } from "./errors";

/** Runs the command that the process was started with: exit code 1 if it fails, 2 if it does not exist. */
export function runCommand(commands: Readonly<Record<string, (args: string[]) => Promise<void>>>): void {
  const [name = "", ...args] = process.argv.slice(2);
  const command = commands[name];
  if (command === undefined) {
    console.error(`Unknown command "${name}". Known: ${Object.keys(commands).join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  // Inside a promise, so that errors thrown before the first await are printed the same way.
  Promise.resolve(args).then(command).catch(exitWith);
}

/** Exits at once, because other work may run for minutes, but flushes first: process.exit() drops pending pipe writes. */
function exitWith(error: unknown): void {
  process.exitCode = 1;
  process.stdout.write("", () => {
    console.error(describe(error));
    process.stderr.write("", () => process.exit());
  });
}

function describe(error: unknown): unknown {
  if (error instanceof Fault) return `\n${error.message}`;
  if (!(error instanceof ExecaError)) return error;
  // A program that failed: its last lines tell more than our stack.
  return `\n${error.shortMessage}\n${String(error.stderr).split("\n").slice(-15).join("\n")}`;
}
