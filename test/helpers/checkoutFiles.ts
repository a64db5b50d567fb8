import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { execaSync } from "execa";

import { checkout } from "../../local/folder";

/** Lists the checkout's files without ignored ones, relative to it. Git patterns select some. */
export function listFiles(...patterns: string[]): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", ...patterns];
  const files = execaSync("git", args, { cwd: checkout }).stdout.split("\n");
  return files.filter((file) => existsSync(join(checkout, file)));
}

/** Reads a file of the checkout. */
export function readFile(path: string): string {
  return readFileSync(join(checkout, path), "utf8");
}
