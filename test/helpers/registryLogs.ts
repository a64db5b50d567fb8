import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { registryFailures } from "../../commands/registryFailures";
import { folder } from "../../local/folder";

/** The registries of this checkout, of tests' places, and of copies of the checkout. */
const logs = ["registry.log", "tests/*/registry.log", "tests/*/.local/registry.log"];

/**
 * Lists why registries of this checkout could not answer requests, such as by a full disk. A client sees only what follows from
 * that, such as "invalid content range".
 * @param since when the first of these requests may have been answered
 */
export function failuresOfRegistries(since: Date, place = folder): string[] {
  return globSync(logs, { cwd: place }).flatMap((name) => {
    const lines = readLog(join(place, name)).split("\n");
    const newer = lines.filter((line) => new Date(/^time="([^"]+)"/.exec(line)?.[1] ?? 0) >= since);
    return registryFailures(newer.join("\n")).map((reason) => `${name}: ${reason}`);
  });
}

/** Empty if it is gone: a suite that ends at the same time removes its own. */
function readLog(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
