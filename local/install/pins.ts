import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The version, without its `v`, that a folder's go.mod pins a module to. */
export function pinnedVersion(folder: string, module: string): string {
  return readPin(join(folder, "go.mod"), new RegExp(`\\b${module} v(\\S+)`), `${module} vX.Y.Z`);
}

/** The version that a requirements.txt pins a package to. */
export function requiredVersion(name: string, requirements: string): string {
  return readPin(requirements, new RegExp(`^${name}==(\\S+)`, "m"), `${name}==X.Y.Z`);
}

function readPin(file: string, pattern: RegExp, form: string): string {
  const version = pattern.exec(readFileSync(file, "utf8"))?.[1];
  if (version === undefined) throw new Error(`${file} does not require ${form}.`);
  return version;
}
