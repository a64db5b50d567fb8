import { existsSync } from "node:fs";
import { join } from "node:path";

import type { Check } from "./check";

/** The checks of every image, then those of some languages. */
export async function readChecks(languages: readonly string[]): Promise<readonly Check[]> {
  const all: Check[] = [];
  for (const name of ["common", "worker", ...languages]) {
    const file = join(__dirname, "checks", `${name}.ts`);
    if (!existsSync(file)) continue;
    all.push(...((await import(file)) as { checks: readonly Check[] }).checks);
  }
  return all;
}
