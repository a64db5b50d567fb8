// How long builds take.
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import { platforms } from "../../images/platform";
import { inFolder } from "../../local/folder";
import { ownPlatform } from "../../local/native/platforms";
import type { Scratch } from "../helpers/scratch";
import { type Figure, sum, time } from "./figures";
import { languages, newer, release, up } from "./releases";

/** A new version of Pulumi for all languages at once, against one build after another. */
export async function measureParallel(scratch: Scratch): Promise<Figure[]> {
  const stack = scratch.beside("parallel");
  await up(stack, release(newer));
  const build = async (name: string, ...options: string[]) => {
    const bases = {
      ...scratch.place.environment.bases,
      [`pulumi-${platforms[ownPlatform()].targetArch}`]: await pulumiLike(scratch, name),
    };
    const start = busySeconds();
    const seconds = await time(() => up(stack, { ...release(newer), bases }, { options }));
    return { seconds, busy: busySeconds() - start };
  };
  const parallel = await build("parallel");
  const sequential = await build("sequential", "--parallel", "1");
  const name = `a new version, ${languages.length} languages at once`;
  const cores = cpus().length;
  return [
    {
      ...{ name, unit: "s", goal: 0.6, measured: parallel.seconds },
      limit: { value: sequential.seconds, of: "one after another" },
    },
    {
      ...{ name, unit: "s", measured: parallel.seconds },
      limit: { value: parallel.busy / cores, of: `its CPU time on ${cores} cores` },
    },
  ];
}

/** The seconds for which this machine's processors have worked since it started, all of them together. */
function busySeconds(): number {
  return sum(cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq)) / 1000;
}

/** A folder with Pulumi's programs, each with some bytes more: a version that no builder has seen. */
async function pulumiLike(scratch: Scratch, name: string): Promise<string> {
  const folder = join(scratch.place.folder, name);
  mkdirSync(folder);
  const archive = inFolder("releases", `pulumi-v${newer}-linux-${platforms[ownPlatform()].pulumiArch}.tar.gz`);
  await execa("tar", ["-xzf", archive, "-C", folder]);
  const { stdout } = await execa("find", [join(folder, "pulumi"), "-type", "f"]);
  // A comment, because some are scripts.
  const unseen = `\n# ${randomUUID()}\n`;
  for (const file of stdout.split("\n")) appendFileSync(file, unseen);
  return folder;
}
