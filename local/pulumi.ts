import { execa } from "execa";

import { setUp } from "./environment";
import { checkout } from "./folder";

/** Runs pulumi on stack local with these arguments. Exits with its exit code. Its stdout is pulumi's alone. */
export async function runLocalPulumi(args: string[]): Promise<void> {
  const { env } = await setUp();
  const result = await execa("pulumi", args, { cwd: checkout, env, stdio: "inherit", reject: false });
  process.exitCode = result.exitCode ?? 1;
}
