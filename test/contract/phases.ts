import { messageOf } from "../../lib/errors";
import type { Box, RunOptions } from "./box";
import { summarize } from "./judge";

/** A program in the folder `source` of a workspace. All but `prepare` applies to each phase's container. */
export interface Program extends Pick<RunOptions, "env" | "mounts" | "network" | "readOnly" | "user"> {
  readonly workspace: string;
  /** A hook of the first phase, with a network: installs packages. */
  readonly prepare?: string | undefined;
  /** Whether only `up` runs, in a new container: enough for another way to install the same program. */
  readonly upAlone?: boolean;
}

const up = "pulumi up --yes --skip-preview --non-interactive";
const output = "pulumi stack output answer";

/** Spacelift's phases in order: what each one runs, after the hooks. */
const phases = {
  preview: "pulumi preview --refresh --diff --non-interactive",
  up,
  "up without change": `${up} --expect-no-changes && ${output}`,
  destroy: "pulumi destroy --yes --skip-preview --non-interactive",
};

/** What is found if a program with this stack output passes all phases. */
export const passed = (answer: string) => `${answer}; then no changes; destroyed`;

/** The environment of the worker: its own folder before the image's on PATH, and a passphrase. */
export function workerEnvironment({ config }: Box): Record<string, string> {
  const path = (config.Env ?? []).find((line) => line.startsWith("PATH="))?.slice("PATH=".length);
  const usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return {
    PATH: `/mnt/workspace/bin:${path ?? usual}`,
    PULUMI_CONFIG_PASSPHRASE: "worker",
    // Looking for newer versions takes 8 seconds per command without a network. A check of its own covers it.
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

/**
 * Runs a program through Spacelift's phases, each in a new container that gets nothing but the workspace, by default as
 * uid 1983 by number, with hooks chained before the command.
 * @returns the text of `passed` with the stack output `answer`, or that output if `up` runs alone
 * @throws with the phase that failed and why
 */
export async function runPhases(box: Box, { workspace, prepare, upAlone, ...options }: Program): Promise<string> {
  const env = { ...workerEnvironment(box), ...options.env };
  const run = async (name: string, command: string, own: RunOptions = {}) => {
    const script = `{ cd source && export HOOK=done; } && { test $HOOK = done && ${command}; }`;
    return box.succeed(script, { user: "1983:1983", ...options, env, workspace, ...own }).catch((error: unknown) => {
      throw new Error(`${name}: ${summarize(messageOf(error))}`);
    });
  };
  const install = async () => prepare !== undefined && (await run("hook", prepare, { network: true }));
  // A registry may fail for a moment. A fault of the image does so again.
  await install().catch(install);
  const logIn = "mkdir -p ../state && pulumi login file:///mnt/workspace/state && pulumi stack select --create dev";
  await run("login", logIn);
  const lastLine = (text: string) => text.split("\n").at(-1) ?? "";
  if (upAlone) return lastLine(await run("up", `${logIn} && ${up} && ${output}`));
  let answer = "";
  for (const [name, command] of Object.entries(phases)) {
    const printed = await run(name, `${logIn} && ${command}`);
    if (command.includes(output)) answer = lastLine(printed);
  }
  return passed(answer);
}
