// make rehearsal: a shell in which stack dev or prod can be released with plain pulumi, as a maintainer does it for real.
// AWS and ECR Public are stood in for (test/support); everything else is real. Nothing of it is left afterwards.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";
import { parse, stringify } from "yaml";

import { checkout } from "../local/folder";
import { mirroredVersions } from "../local/offline/mirror";
import { logHeading, log } from "../lib/log";
import { EcrPublic } from "../test/fakes/ecrPublic";
import { copyProgram } from "../test/helpers/programCopy";
import { closePlace, openPlace } from "../test/helpers/scratch";

const aliases: Readonly<Record<string, string>> = { dev: "spacelift-dev", prod: "spacelift" };

async function rehearse(stack: string): Promise<number> {
  const alias = aliases[stack];
  if (alias === undefined) {
    console.error(`STACK ${JSON.stringify(stack)} is not one of ${Object.keys(aliases).join(", ")}.`);
    return 2;
  }
  const place = await openPlace(mirroredVersions());
  const ecr = await EcrPublic.start(place, "rehearsal");
  try {
    const program = copyProgram(join(place.folder, "program"), []);
    for (const name of Object.keys(aliases)) writeStackFile(program, name, place.config);
    logHeading(`A rehearsal of stack ${stack}`);
    log("AWS", `a stand-in, logged in to the account of ${alias}`);
    log("public.ecr.aws", "a stand-in, under its own name");
    log("folder", `${program}, a copy of the program: its stack files also say what this machine builds with`);
    log("shell", "exit ends the rehearsal and removes everything of it");
    const env = {
      ...ecr.account(alias),
      PULUMI_BACKEND_URL: `file://${join(place.folder, "state")}`,
      // The local stack's: here, a stack is selected as anywhere.
      PULUMI_STACK: undefined,
      PULUMI_OPTION_CONFIG_FILE: undefined,
    };
    const shell = process.env["SHELL"] ?? "/bin/sh";
    return (await execa(shell, { cwd: program, env, stdio: "inherit", reject: false })).exitCode ?? 1;
  } finally {
    await ecr.stop();
    closePlace(place);
  }
}

/** The committed config of a stack, and what a release on this machine needs beside it. */
function writeStackFile(program: string, stack: string, own: Readonly<Record<string, unknown>>): void {
  const name = `Pulumi.${stack}.yaml`;
  copyFileSync(join(checkout, name), join(program, name));
  const { config } = parse(readFileSync(join(program, name), "utf8")) as { config: object };
  const keys = Object.entries(own).map(([key, value]) => [`runner-pulumi:${key}`, value]);
  writeFileSync(join(program, name), stringify({ config: { ...config, ...Object.fromEntries(keys) } }));
}

void rehearse(process.env["STACK"] ?? "dev").then((code) => (process.exitCode = code));
