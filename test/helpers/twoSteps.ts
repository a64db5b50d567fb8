// A command with two steps at the same time: the first one ends, then something is logged, then it fails during the second.
import { setTimeout as sleep } from "node:timers/promises";

import { runCommand } from "../../lib/command";
import { Fault } from "../../lib/errors";
import { log } from "../../lib/log";
import { runStep } from "../../lib/runStep";

runCommand({
  show: async () => {
    void runStep("second", "never ending", () => sleep(60_000));
    await runStep("first", "a text that is too long for a line of this terminal", () => sleep(1000));
    log("note", "between");
    throw new Fault("It failed.");
  },
});
