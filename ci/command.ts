import { ExecaError } from "execa";

import { Fault } from "./fault";

/** What a command does, given the words after its name. */
export type Command = (args: string[]) => Promise<void>;

/**
 * Runs the command that the process was started with, and sets the exit code: 1 where it fails, 2 where there is no such
 * command. A Fault is shown by its sentence alone.
 */
export function runCommand(commands: Readonly<Record<string, Command>>): void {
  const [name = "", ...args] = process.argv.slice(2);
  const command = commands[name];
  if (command === undefined) {
    console.error(`Unknown command "${name}". Known: ${Object.keys(commands).join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  // In a promise, so that what is thrown before the first await is described too.
  Promise.resolve(args)
    .then(command)
    .catch((error: unknown) => {
      process.exitCode = 1;
      // At once: what else is under way would go on for minutes, and its lines would bury the fault. But not before a
      // pipe has everything that was said, because exit drops what is not written yet.
      process.stdout.write("", () => {
        console.error(describe(error));
        process.stderr.write("", () => process.exit());
      });
    });
}

function describe(error: unknown): unknown {
  if (error instanceof Fault) return `\n${error.message}`;
  // A program that failed: what it said last tells more than our stack.
  if (error instanceof ExecaError)
    return `\n${error.shortMessage}\n${String(error.stderr).split("\n").slice(-15).join("\n")}`;
  return error;
}
