import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import type { Output } from "@pulumi/pulumi";
import { LocalWorkspace } from "@pulumi/pulumi/automation";

import { scriptsContext } from "../../images/dockerfile";
import { Fault, messageOf } from "../../lib/errors";
import { createFilter } from "../pulumi";

/** The Dockerfiles, relative to the program's folder. */
const [dockerfiles = ""] = scriptsContext.split("/");

/** Where a temporary stack lives. */
interface Place {
  /** An existing folder. */
  readonly folder: string;
  /** Environment variables for pulumi. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs `pulumi up` on a stack with its own state, and removes both. Nothing that the program created is destroyed.
 * @param program declares resources and returns the stack's outputs
 * @returns the values of the outputs
 * @throws {Fault} if the update fails; pulumi's output says why
 */
export async function runOnce(
  { folder, env }: Place,
  program: () => (readonly [string, Output<string>])[],
): Promise<Record<string, string>> {
  const workDir = mkdtempSync(join(folder, "rebuild-"));
  try {
    mkdirSync(join(workDir, "state"));
    // Build contexts are paths in the program's folder.
    symlinkSync(join(__dirname, "..", "..", dockerfiles), join(workDir, dockerfiles));
    // The Automation API looks for pulumi only on the PATH of its own process.
    process.env["PATH"] = env["PATH"] ?? process.env["PATH"];
    const stack = await LocalWorkspace.createStack(
      {
        stackName: "rebuild",
        projectName: "runner-pulumi",
        program: () => Promise.resolve(Object.fromEntries(program())),
      },
      { workDir, envVars: stackVariables(env, workDir) },
    );
    const { outputs } = await stack
      .up({ onOutput: printFiltered(), suppressProgress: true })
      .catch((error: unknown) => {
        throw new Fault(`The images could not be rebuilt, see above. ${lastLine(error)}`);
      });
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, String(value)]));
  } finally {
    rmSync(workDir, { recursive: true });
  }
}

/** The environment for the temporary stack, whatever stack `env` selects. */
function stackVariables(env: NodeJS.ProcessEnv, workDir: string): Record<string, string> {
  const own = {
    PULUMI_BACKEND_URL: `file://${join(workDir, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "rebuild",
    PULUMI_STACK: "",
    PULUMI_OPTION_CONFIG_FILE: "",
  };
  return { ...env, ...own };
}

/** Prints pulumi's output, each build step once. */
function printFiltered(): (chunk: string) => void {
  const filter = createFilter();
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.flatMap(filter)) console.error(line);
  };
}

/** The error of a pulumi command contains its complete output. */
function lastLine(error: unknown): string {
  return messageOf(error).trimEnd().split("\n").at(-1) ?? "";
}
