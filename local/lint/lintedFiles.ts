import { closeSync, existsSync, openSync, readSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "../../lib/errors";
import { Clone } from "../../lib/git";

/**
 * Lists the workflows of a checkout by their paths in it.
 * @throws {Fault} if there are none
 */
export function listWorkflows(root: string): string[] {
  const folder = join(".github", "workflows");
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
  const workflows = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  // Without files, actionlint would search for a repository itself.
  if (workflows.length === 0)
    throw new Fault(`${join(root, folder)} contains no workflow. Run this in a full checkout.`);
  return workflows.map((name) => join(folder, name));
}

/** Lists the files that git tracks and that start with a shebang of sh or bash, by their paths in the checkout. */
export async function listShellScripts(root: string): Promise<string[]> {
  const files = (await new Clone(root).git("ls-files", "-z")).split("\0").filter(Boolean);
  return files.filter((file) => existsSync(join(root, file)) && isShellScript(join(root, file)));
}

function isShellScript(file: string): boolean {
  return /^#!\s*\S*\/(env\s+)?(ba)?sh\b/.test(readStart(file));
}

/** The first bytes of a file, as text. */
function readStart(file: string): string {
  const buffer = Buffer.alloc(64);
  const descriptor = openSync(file, "r");
  try {
    return buffer.toString("latin1", 0, readSync(descriptor, buffer));
  } finally {
    closeSync(descriptor);
  }
}
