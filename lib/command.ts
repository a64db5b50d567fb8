import { ExecaError } from "execa";

import { Fault } from "./errors";

/** A command of the CLI. Its arguments are the words after its name. */
type Command = (args: string[]) => Promise<void>;

/**
 * Runs the command that the process was started with. Sets the exit code: 1 if the command fails, 2 if it does not exist.
 * A Fault is printed as its message alone.
 */
export function runCommand(commands: Readonly<Record<string, Command>>): void {
  const [name = "", ...args] = process.argv.slice(2);
  const command = commands[name];
  if (command === undefined) {
    console.error(`Unknown command "${name}". Known: ${Object.keys(commands).join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  // Inside a promise, so that errors thrown before the first await are printed the same way.
  Promise.resolve(args)
    .then(command)
    .catch((error: unknown) => {
      process.exitCode = 1;
      // Exit immediately (other work may run for minutes), but flush first: process.exit() drops pending pipe writes.
      process.stdout.write("", () => {
        console.error(describe(error));
        process.stderr.write("", () => process.exit());
      });
    });
}

function describe(error: unknown): unknown {
  if (error instanceof Fault) return `\n${error.message}`;
  // A program that failed: its last lines tell more than our stack.
  if (error instanceof ExecaError)
    return `\n${error.shortMessage}\n${String(error.stderr).split("\n").slice(-15).join("\n")}`;
  return error;
}
