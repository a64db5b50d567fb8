import { commandLine } from "../../lib/command";
import { Fault, listProblems } from "../../lib/errors";
import { textTable } from "../../lib/table";
import type { BackendName } from "../backend";
import { chooseBackend } from "../chooseBackend";
import { whyUnusable } from "../docker/whyUnusable";
import type { Purpose } from "../folder";
import { type Check, checkNeeds, checkOptions } from "./checks";

/** Prints what `make up` needs and uses, what is missing and how to get it. @throws {Fault} if it cannot run */
export async function doctor(): Promise<void> {
  const [{ name }, unusable] = await Promise.all([chooseBackend(), whyUnusable()]);
  const docker: Check =
    unusable === undefined
      ? { part: "Docker", state: "there", text: "it answers, with compose and buildx" }
      : {
          part: "Docker",
          state: "optional",
          text: `${unusable}. Install it: https://docs.docker.com/get-started/get-docker`,
        };
  const [needs, options] = await Promise.all([checkNeeds(name, "build"), checkOptions()]);
  const node: Check = { part: "Node.js", state: "there", text: process.version };
  const rows = [docker, node, ...needs, ...options].map(({ part, state, text }) => ({ part, state, what: text }));
  for (const line of textTable(rows)) console.log(`  ${line}`);
  requireAll("make up", name, needs);
  console.log(`\nmake up can run, with the ${name} backend.`);
}

/** Refuses a machine on which this command cannot run, with a sentence for each thing that is missing. */
export async function requireNeeds(backend: BackendName, purpose: Purpose, command = commandLine()): Promise<void> {
  requireAll(command, backend, await checkNeeds(backend, purpose));
}

function requireAll(command: string, backend: BackendName, checks: readonly Check[]): void {
  const missing = checks.filter(({ state }) => state === "needed").map(({ part, text }) => `${part}: ${text}`);
  if (missing.length > 0) throw new Fault(listProblems(`${command} cannot run with the ${backend} backend:`, missing));
}
