// make rehearsal: a shell to release stack dev or prod as a maintainer does. AWS and ECR Public are fakes (test/fakes),
// everything else is real. Afterwards all of it is removed.
import { join } from "node:path";

import { execa } from "execa";

import { runProgram } from "../lib/command";
import { log, logHeading } from "../lib/log";
import { withLock } from "../local/checkoutLock";
import { mirroredVersions } from "../local/offline/mirror";
import { EcrPublic } from "../test/fakes/ecrPublic";
import { aliases, createRepository } from "../test/helpers/releaseFlow";
import { closePlace, openPlace } from "../test/helpers/scratch";
import { linkPackages } from "../test/helpers/scratchRepository";

async function rehearse(stack: string): Promise<number> {
  if (stack !== "dev" && stack !== "prod") {
    console.error(`STACK ${JSON.stringify(stack)} is not one of ${Object.keys(aliases).join(", ")}.`);
    return 2;
  }
  const place = await openPlace(mirroredVersions());
  const ecr = await EcrPublic.start(place, "rehearsal");
  try {
    const env = {
      ...ecr.account(aliases[stack]),
      PULUMI_BACKEND_URL: `file://${join(place.folder, "state")}`,
      // These select stack local elsewhere; here, make configure selects a stack.
      PULUMI_STACK: undefined,
      PULUMI_OPTION_CONFIG_FILE: undefined,
    };
    const { clone } = await createRepository(place, env);
    await linkPackages(clone);
    showBanner(stack, clone);
    const shell = process.env["SHELL"] ?? "/bin/sh";
    return (await execa(shell, { cwd: clone, env, stdio: "inherit", reject: false })).exitCode ?? 1;
  } finally {
    await ecr.stop();
    closePlace(place);
  }
}

/** Shows what to type: the steps of docs/maintaining.md, with versions that are available here. */
function showBanner(stack: "dev" | "prod", folder: string): void {
  const [older = "", newer = ""] = mirroredVersions().slice(-2);
  const prefix = stack === "dev" ? "dev-" : "";
  logHeading(`Rehearsal of stack ${stack}`);
  log("folder", `${folder}, a clone with an origin of its own and with the Makefile`);
  log("AWS, ECR Public", `fakes, with the credentials of the account of ${aliases[stack]}`);
  logHeading("Type, for example:");
  const release = (tag: string) => `make configure TAG=${tag} && pulumi preview && pulumi up`;
  log("release", release(`${prefix}v${newer}`));
  if (stack === "prod") {
    log("move latest", release(`latest-v${newer}`));
    log("withdraw", `echo '{"${newer}": "a rehearsal"}' >images/withdrawn.json`);
    log("", `git commit images/withdrawn.json --message "Withdraw ${newer}" && git push origin HEAD:main`);
    log("roll latest back", `make rollback TAG=latest-v${older}`);
    log("see who serves what", "make status STACK=prod");
  }
  log("see what is released", "pulumi stack output images");
  log("end", "exit, which removes all of it");
}

runProgram(async () => {
  process.exitCode = await withLock(() => rehearse(process.env["STACK"] ?? "dev"));
});
