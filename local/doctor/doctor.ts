import { commandLine } from "../../lib/command";
import { Fault, listProblems } from "../../lib/errors";
import { textTable } from "../../lib/table";
import type { BackendName } from "../backend";
import { chooseBackend } from "../chooseBackend";
import { whyUnusable } from "../docker/whyUnusable";
import type { Purpose } from "../folder";
import { type Check, checkDocker, checkNeeds, checkOptions } from "./checks";

/** Prints what `make up` needs and uses, what is missing and how to get it. @throws {Fault} if it cannot run */
export async function doctor(): Promise<void> {
  const [backend, unusable] = await Promise.all([chooseBackend().catch(requireFault), whyUnusable()]);
  // What is refused is Docker, or does not exist.
  const name = backend instanceof Fault ? "docker" : backend.name;
  const [needs, options] = await Promise.all([checkNeeds(name, "build"), checkOptions()]);
  const node: Check = { part: "Node.js", state: "there", text: process.version };
  const all = [checkDocker(unusable), node, ...needs, ...options];
  for (const line of textTable(all.map(({ part, state, text }) => ({ part, state, what: text }))))
    console.log(`  ${line}`);
  if (backend instanceof Fault) throw backend;
  requireAll("make up", name, needs);
  backend.requireUsable();
  console.log(`\nmake up can run, with the ${name} backend.`);
}

function requireFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}

/** Refuses a machine on which this command cannot run, with a sentence for each thing that is missing. */
export async function requireNeeds(
  backend: BackendName,
  purpose: Purpose,
  command = commandLine(),
  platform?: NodeJS.Platform,
): Promise<void> {
  requireAll(command, backend, await checkNeeds(backend, purpose, platform));
}

function requireAll(command: string, backend: BackendName, checks: readonly Check[]): void {
  const missing = checks.filter(({ state }) => state === "needed").map(({ part, text }) => `${part}: ${text}`);
  if (missing.length > 0) throw new Fault(listProblems(`${command} cannot run with the ${backend} backend:`, missing));
}
