import { rm } from "node:fs/promises";

import { ExecaError, execa } from "execa";

import { setUp, tearDown } from "./environment";
import { Fault } from "../ci/fault";
import { checkout, folder } from "./folder";
import { preview, up } from "./release";

/** The commands that the Makefile calls. The tag comes by the environment, so that no shell ever reads it. */
const commands: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  up: () => up(process.env["TAG"]),
  preview: () => preview(process.env["TAG"]),
  pulumi: runPulumi,
  down: async () => {
    const stopped = await tearDown();
    console.log(stopped.length === 0 ? "Nothing was running." : `Stopped ${stopped.join(", ")}.`);
  },
  clean: async () => {
    await tearDown();
    await rm(folder, { recursive: true, force: true });
    console.log(`Removed ${folder}.`);
  },
};

async function runPulumi(args: string[]): Promise<void> {
  const { env } = await setUp();
  const result = await execa("pulumi", args, { cwd: checkout, env, stdio: "inherit", reject: false });
  process.exitCode = result.exitCode ?? 1;
}

function describe(error: unknown): unknown {
  if (error instanceof Fault) return `\n${error.message}`;
  // A program that failed: what it said last tells more than our stack.
  if (error instanceof ExecaError)
    return `\n${error.shortMessage}\n${String(error.stderr).split("\n").slice(-15).join("\n")}`;
  return error;
}

const [name = "", ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  console.error(`Unknown command "${name}". Known: ${Object.keys(commands).join(", ")}.`);
  process.exitCode = 2;
} else {
  command(args).catch((error: unknown) => {
    process.exitCode = 1;
    console.error(describe(error));
  });
}
