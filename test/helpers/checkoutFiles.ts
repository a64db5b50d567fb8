import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { execaSync } from "execa";

import { checkout } from "../../local/folder";

/** Lists the checkout's files without ignored ones, relative to it. Git patterns select some. */
export function listFiles(...patterns: string[]): string[] {
  // The checkout may belong to another user.
  const args = [
    "-c",
    "safe.directory=*",
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
    "--deduplicate",
    "--",
    ...patterns,
  ];
  const files = execaSync("git", args, { cwd: checkout }).stdout.split("\n");
  return files.filter((file) => existsSync(join(checkout, file)));
}

/** Reads a file of the checkout. */
export function readFile(path: string): string {
  return readFileSync(join(checkout, path), "utf8");
}

/** Copies the checkout as it is now into a folder, without ignored files. */
export function copyCheckout(folder: string): void {
  for (const path of listFiles()) cpSync(join(checkout, path), join(folder, path));
}
