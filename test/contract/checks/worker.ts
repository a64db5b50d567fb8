// Spacelift's worker in a box.
import { existsSync } from "node:fs";
import { chown, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import semver from "semver";

import type { Box, Result, Running } from "../box";
import type { Check } from "../check";
import { passed, runPhases, workerEnvironment } from "../phases";

/** A program that every image can run without a network. */
const yaml = "name: worker\nruntime: yaml\noutputs:\n  answer: hello\n";

/** A host that starts after DELAY seconds, so that an update lasts. */
const slowHost = '#!/bin/sh\n: >/mnt/workspace/started\nsleep "${DELAY:-0}"\nexec pulumi-language-yaml "$@"\n';

/** The checks of the worker. */
export const checks: readonly Check[] = [
  {
    name: "Phases of a YAML program, each in a new container, as uid 1983",
    expected: passed("hello"),
    find: async (box) => runPhases(box, { workspace: await programWorkspace(box, yaml) }),
  },
  {
    name: "The same on a read-only root file system, PULUMI_HOME in the workspace",
    expected: passed("hello"),
    find: async (box) => {
      const env = { PULUMI_HOME: "/mnt/workspace/home" };
      return runPhases(box, { workspace: await programWorkspace(box, yaml), readOnly: true, env });
    },
  },
  {
    name: "The worker sees pulumi by ps, from outside while it runs",
    expected: "pulumi is listed",
    find: (box) =>
      duringUpdate(box, async (running) => {
        const { exitCode, output } = await running.exec("ps -eo pid,comm");
        if (exitCode !== 0) throw new Error(output);
        return /^ *\d+ pulumi$/m.test(output) ? "pulumi is listed" : `ps lists ${output.replaceAll(/\s+/g, " ")}`;
      }),
  },
  {
    name: "A signal cancels an update: SIGTERM, before Pulumi 3.137 SIGINT",
    expected: "cancelled, and the next update works",
    find: async (box) => {
      const signal = await cancellingSignal(box);
      return duringUpdate(box, async (running, workspace) => {
        await running.signal(signal);
        const { exitCode } = await running.ended;
        if (exitCode === 0) return "the update goes on";
        await box.succeed(update, { env: workerEnvironment(box), workspace });
        return "cancelled, and the next update works";
      });
    },
  },
  {
    name: "The worker's user reads the OIDC token in the workspace",
    expected: "token",
    find: async (box) => {
      const workspace = await box.workspace();
      const file = join(workspace, "spacelift.oidc");
      await writeFile(file, "token", { mode: 0o600 });
      await chown(file, 1983, 1983);
      return box.succeed("cat /mnt/workspace/spacelift.oidc", { workspace });
    },
  },
  {
    name: "A plugin's hook makes a virtual environment and installs with pip",
    expected: "works",
    find: async (box) => {
      const install = "python -m venv --copies plugin && . plugin/bin/activate && pip install --quiet cowsay==6.1";
      await box.succeed(`${install} && cowsay --text hello`, { network: true });
      return "works";
    },
  },
];

const update = "cd source && pulumi login file:///mnt/workspace && exec pulumi up --yes --skip-preview --stack dev";

/** Creates a workspace with a program in `source`. */
async function programWorkspace(box: Box, text: string): Promise<string> {
  const workspace = await box.workspace();
  await mkdir(join(workspace, "source"));
  await writeFile(join(workspace, "source", "Pulumi.yaml"), text);
  await chown(join(workspace, "source"), 1983, 1983);
  return workspace;
}

/** Works while an update of a program with a slow host runs. */
async function duringUpdate(box: Box, work: (running: Running, workspace: string) => Promise<string>): Promise<string> {
  const workspace = await programWorkspace(box, yaml.replace("runtime: yaml", "runtime: slow"));
  await mkdir(join(workspace, "bin"));
  await writeFile(join(workspace, "bin", "pulumi-language-slow"), slowHost, { mode: 0o755 });
  const options = { env: workerEnvironment(box), workspace };
  await box.succeed("cd source && pulumi login file:///mnt/workspace && pulumi stack init dev", options);
  const running = await box.start(update, { ...options, env: { ...options.env, DELAY: "8" } });
  await hasBegun(running, workspace);
  const found = await work(running, workspace);
  await running.signal("KILL");
  return found;
}

/** Waits until the stack is locked and the host started, and then for pulumi to expect signals. @throws if it ends */
async function hasBegun({ ended }: Running, workspace: string): Promise<void> {
  const state: { result?: Result } = {};
  void ended.then((result) => (state.result = result));
  const locks = join(workspace, ".pulumi", "locks");
  const isLocked = async () =>
    existsSync(locks) && (await readdir(locks, { recursive: true })).some((name) => name.endsWith(".json"));
  while (!(existsSync(join(workspace, "started")) && (await isLocked()))) {
    if (state.result !== undefined) throw new Error(state.result.output);
    await sleep(50);
  }
  await sleep(1000);
}

/** Older versions only know SIGINT: https://github.com/pulumi/pulumi/pull/17467 */
async function cancellingSignal(box: Box): Promise<"TERM" | "INT"> {
  return semver.gte(await box.succeed("pulumi version"), "3.137.0") ? "TERM" : "INT";
}
