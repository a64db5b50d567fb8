import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { runCommand } from "./command";
import { configure } from "./configure";
import { Clone } from "./git";
import { release } from "./release";

const checkout = join(__dirname, "..");

/** The commands that the steps of the workflows call, by the Makefile. What they need comes by the environment. */
runCommand({
  configure: () => configure(process.env["TAG"], new Clone(checkout)),
  release: () => {
    const logs = join(checkout, ".local");
    mkdirSync(logs, { recursive: true });
    return release({ folder: checkout, env: process.env, logs });
  },
});
