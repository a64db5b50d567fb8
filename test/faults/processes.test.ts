import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { type CheckoutCopy, type Ended, type Running, language } from "./checkoutCopy";
import { type Fault, assertReached, describeFaults } from "./faults";

const release = { TAG: "v3.66.0", LANGUAGE: language };
const unlock = (copy: CheckoutCopy) => copy.make("pulumi", { ARGS: "cancel --yes" });

let builds = 0;

/** Lets the smoke test of the next release run, and take a while: no earlier build has this step. */
function slowSmokeTest(copy: CheckoutCopy): () => void {
  return copy.edit("dockerfiles/smoke/contract", "set -euo pipefail", `set -euo pipefail; sleep 20 # ${++builds}`);
}

/** Strikes a release while its smoke test runs. */
function whileBuilding(strike: (copy: CheckoutCopy, running: Running) => unknown): Fault["strike"] {
  return async (copy) => {
    const restore = slowSmokeTest(copy);
    const running = copy.start("up", release);
    await running.says(/\[smoke \d+\/\d+\] RUN/);
    await strike(copy, running);
    const ended = await running.ended;
    restore();
    return ended;
  };
}

/** Kills a process of the copy, which has no time to clean up. */
const kill = (name: string) => async (copy: CheckoutCopy) => process.kill(await copy.processOf(name), "SIGKILL");

/** The process that has the lock of the copy: the command itself. */
const holderOf = (copy: CheckoutCopy) => (JSON.parse(copy.read(".local.lock.json")) as { pid: number }).pid;

/** Runs two commands at once. Returns the second one, after the first one has done its own work. */
async function together(copy: CheckoutCopy, second: (copy: CheckoutCopy) => Promise<Ended>): Promise<Ended> {
  const restore = slowSmokeTest(copy);
  const first = copy.start("up", release);
  await first.says(/Setting up in/);
  const ended = await second(copy);
  assertReached(await first.ended);
  assert.match((await first.ended).output, /runner-pulumi-yaml:v3\.66\.0 /);
  restore();
  return ended;
}

const refusal =
  /Another command works in this checkout: make up TAG=v3\.66\.0 LANGUAGE=yaml \(process \d+\)\. Wait for it, or stop it: kill \d+\. Nothing was changed\./;

describeFaults("processes", {
  "two releases at once": {
    strike: (copy) => together(copy, () => copy.up("v3.64.0")),
    says: refusal,
    exit: 2,
  },
  "a release and make clean at once": {
    strike: (copy) => together(copy, () => copy.make("clean")),
    says: refusal,
    exit: 2,
  },
  "BuildKit is killed while it builds": {
    strike: whileBuilding(kill("buildkitd")),
    says: /BuildKit ended or cannot be reached \(\S+buildkit\.log\)\. Run the same command again: /,
    exit: 2,
  },
  "the registry is killed while an image is built": {
    strike: whileBuilding(kill("registry")),
    says: /so it is unknown whether a tag has moved\.\nWhen the registry can be read, run the same command again: make up /,
    exit: 2,
  },
  "pulumi is killed while it builds": {
    strike: whileBuilding(kill("pulumi")),
    says: /pulumi was stopped at once\..* If the next run reports that the stack is locked: make pulumi ARGS="cancel --yes"/,
    exit: 2,
    command: unlock,
  },
  "a lock of a killed pulumi": {
    strike: async (copy) => {
      await whileBuilding(kill("pulumi"))(copy);
      return copy.up();
    },
    says: /Another pulumi works on this stack, .* If none runs: make pulumi ARGS="cancel --yes"/,
    exit: 2,
    command: unlock,
  },
  "a lock of a killed pulumi, on a terminal": {
    strike: async (copy) => {
      await whileBuilding(kill("pulumi"))(copy);
      return copy.onTerminal("up", release);
    },
    says: /Another pulumi works on this stack, .* If none runs: make pulumi ARGS="cancel --yes"/,
    exit: 2,
    command: unlock,
  },
  "Ctrl-C while it sets up": {
    strike: async (copy) => {
      const running = copy.start("up", release);
      await running.says(/Setting up in/);
      running.interrupt();
      return running.ended;
    },
    says: /Setting up in/,
    exit: 130,
  },
  "Ctrl-C while npm installs packages": {
    strike: async (copy) => {
      rmSync(copy.path("node_modules", ".ready"));
      const running = copy.start("up", release);
      await running.says(/Installing npm packages/);
      await sleep(1000);
      running.interrupt();
      return running.ended;
    },
    says: /Installing npm packages, including Node\.js/,
    exit: 130,
  },
  "the command is killed while Go builds a program": {
    strike: async (copy) => {
      rmSync(copy.local("tools", "builder"), { recursive: true });
      const running = copy.start("up", release);
      await running.says(/BuildKit, registry +building from Go modules/);
      process.kill(-running.pid, "SIGKILL");
      return running.ended;
    },
    says: /BuildKit, registry +building from Go modules/,
    exit: 137,
  },
  "Ctrl-C while it builds": {
    strike: whileBuilding((_, running) => running.interrupt()),
    says: /pulumi ends what it has begun\. Ctrl-C once more stops it at once/,
    exit: 130,
  },
  "Ctrl-C twice while it builds": {
    strike: whileBuilding(async (_, running) => {
      running.interrupt();
      await running.says(/pulumi ends what it has begun/);
      running.interrupt();
    }),
    says: /No tag has moved: users still pull what they did before\./,
    exit: 130,
    command: unlock,
  },
  "the command is killed while it builds, pulumi is not": {
    strike: whileBuilding((copy) => process.kill(holderOf(copy), "SIGKILL")),
    says: /\[smoke \d+\/\d+\] RUN/,
    exit: 2,
    command: unlock,
  },
});
