import { globSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { readJson } from "../lib/json";
import { log } from "../lib/log";

/**
 * Removes files of a state that a full disk or a kill has cut off, because pulumi refuses them at every run. It takes the
 * unfinished file of a lock for a lock, and has metadata beside each file. A checkpoint is renamed: what is published stays, and
 * the next update adopts it, as it does if the whole state is gone.
 * @param backend the state's URL: only `file://` is on this machine
 */
export function repairState(backend = ""): void {
  const [, folder] = /^file:\/\/(\/.*)/.exec(backend) ?? [];
  if (folder === undefined) return;
  const isDamaged = (file: string) => readJson(file) === undefined;
  const find = (pattern: string) =>
    globSync(join(".pulumi", pattern), { cwd: folder }).map((name) => join(folder, name));
  for (const file of find("{locks/*/*/*/*.json*,**/*.attrs}").filter(isDamaged)) rmSync(file, { force: true });
  for (const file of find("stacks/*/*.json").filter(isDamaged)) {
    renameSync(file, `${file}.damaged`);
    log("state", `${file} is damaged: it is renamed, and what is published is adopted`);
  }
}
