import { execa } from "execa";

import { languagesAskedFor, tagAskedFor } from "../ci/asked";
import { runCommand } from "../ci/command";
import { setUp } from "./environment";
import { checkout, folder } from "./folder";
import { lintWorkflows } from "./lintWorkflows";
import { manifest } from "./manifest";
import { preview, up } from "./release";
import { removeFolder, tearDown } from "./tearDown";
import { verifyTag } from "./verify";

// Builds run as another user, and read what is made here: with the umask of a careful person they could not. Nothing that
// is written to .local is private, and what other programs keep private they create so themselves.
process.umask(0o022);

/** The commands that the Makefile calls. The tag comes by the environment, so that no shell ever reads it. */
runCommand({
  up: () => up(process.env["TAG"]),
  preview: () => preview(process.env["TAG"]),
  pulumi: runPulumi,
  verify: () => verifyTag(tagAskedFor(), languagesAskedFor()),
  manifest: () => manifest(tagAskedFor()),
  lint: () => lintWorkflows(),
  down: async () => {
    const stopped = await tearDown();
    console.log(stopped.length === 0 ? "Nothing was running." : `Stopped ${stopped.join(", ")}.`);
  },
  clean: async () => {
    await tearDown();
    await removeFolder();
    console.log(`Removed ${folder}.`);
  },
});

async function runPulumi(args: string[]): Promise<void> {
  const { env } = await setUp();
  const result = await execa("pulumi", args, { cwd: checkout, env, stdio: "inherit", reject: false });
  process.exitCode = result.exitCode ?? 1;
}
