import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The version, without its `v`, that a folder's go.mod or requirements.txt pins a module or package to. */
export function pinnedVersion(folder: string, name: string): string {
  const goMod = join(folder, "go.mod");
  const file = existsSync(goMod) ? goMod : join(folder, "requirements.txt");
  const version = new RegExp(`^(?:require)?\\s*${name}(?: v|==)(\\S+)`, "m").exec(readFileSync(file, "utf8"))?.[1];
  if (version === undefined) throw new Error(`${file} does not pin ${name} to a version.`);
  return version;
}
