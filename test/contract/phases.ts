import { messageOf } from "../../lib/errors";
import type { Box, RunOptions } from "./box";
import { summarize } from "./judge";

/** The user of Spacelift's worker, by number. */
export const worker = "1983:1983";

/** Where Spacelift keeps a stack's state here: in the only folder that outlives a phase. */
const logIn = "pulumi login file:///mnt/workspace && pulumi stack select --create dev";

/** Spacelift's phases in order, by name: the command, and what a good one prints. */
const phases: readonly (readonly [name: string, command: string, output?: RegExp])[] = [
  ["login", "pulumi whoami"],
  ["preview", "pulumi preview --refresh --diff --non-interactive"],
  ["up", "pulumi up --yes --skip-preview --non-interactive", /\+ \d+ created/],
  ["up without change", "pulumi up --yes --skip-preview --non-interactive", /\d+ unchanged/],
  ["destroy", "pulumi destroy --yes --skip-preview --non-interactive", /- \d+ deleted/],
];

/** What all phases of a good image find. */
export const allPhases = phases.map(([name]) => name).join(", ");

/** The environment of the worker: a folder of its own before the image's on PATH, and a passphrase. */
export function workerEnvironment({ config }: Box): Record<string, string> {
  const path = (config.Env ?? []).find((line) => line.startsWith("PATH="))?.slice("PATH=".length);
  const usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return { PATH: `/mnt/workspace/bin:${path ?? usual}`, PULUMI_CONFIG_PASSPHRASE: "worker" };
}

/**
 * Runs a program through Spacelift's phases: each in a new container that gets nothing but the workspace, as uid 1983, with
 * chained hooks before the command.
 * @param workspace its folder `source` has the program
 * @param prepare a hook of the first phase that installs the program's packages
 * @returns the names of the phases, up to one that fails, with its reason
 */
export async function runPhases(
  box: Box,
  workspace: string,
  { prepare = "true", ...options }: { readonly prepare?: string } & RunOptions = {},
): Promise<string> {
  const env = { ...workerEnvironment(box), ...options.env };
  const passed: string[] = [];
  for (const [name, command, output = /(?:)/] of phases) {
    const hooks = `{ cd source && ${name === "login" ? prepare : "true"}; } && { export HOOK=done && test $HOOK = done; }`;
    const script = `${hooks} && ${logIn} && ${command}`;
    try {
      const found = await box.succeed(script, { user: worker, ...options, env, workspace });
      if (!output.test(found)) throw new Error(`prints no ${output.source}`);
    } catch (error) {
      return [...passed, `then ${name}: ${summarize(messageOf(error))}`].join(", ");
    }
    passed.push(name);
  }
  return passed.join(", ");
}
