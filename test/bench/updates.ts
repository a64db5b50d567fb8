// How long an update takes that builds nothing.
import { join } from "node:path";

import { execa } from "execa";

import { checkout } from "../../local/folder";
import { copyProgram, onlyLanguages } from "../helpers/programCopy";
import type { Scratch } from "../helpers/scratch";
import { type Figure, compare } from "./figures";
import { languages, newer, release, up } from "./releases";

const rounds = 3;

/** An update that changes nothing, and one that only moves tags. */
export async function measureNoop(scratch: Scratch): Promise<Figure[]> {
  const program = copyProgram(join(scratch.place.folder, "empty"), [
    { file: "index.ts", from: /[^]*/, to: "export = {};\n" },
  ]);
  const empty = scratch.beside("empty");
  await up(scratch, release(newer));
  const seconds = await compare(
    {
      empty: () => up(empty, release(newer), { program }),
      noop: () => up(scratch, release(newer)),
      latest: () => up(scratch, release(newer, "latest")),
      // So that the next one moves tags again.
      reset: async () => {
        for (const language of languages) await scratch.remove(language, "latest");
        await up(scratch, release(newer));
      },
    },
    rounds,
  );
  return [
    {
      ...{ name: `pulumi up that changes nothing, ${languages.length} languages`, unit: "s", goal: 1.3 },
      measured: seconds.noop,
      limit: { value: seconds.empty, of: "an empty program" },
    },
    {
      ...{ name: `latest after v${newer}, ${languages.length} languages`, unit: "s", goal: 1.5 },
      measured: seconds.latest,
      limit: { value: seconds.noop, of: "changing nothing" },
    },
  ];
}

/** `make up` that changes nothing, and its `pulumi up` alone, on this checkout's own stack. Publishes there once first. */
export async function measureMakeUp({ place }: Scratch): Promise<Figure[]> {
  const makeUp = () => execa("make", ["up", `TAG=v${newer}`], { cwd: checkout });
  const options = ["--yes", "--skip-preview", "--non-interactive"];
  const pulumiUp = () => execa("pulumi", ["up", ...options], { cwd: checkout, env: place.environment.env });
  await makeUp();
  const seconds = await compare({ makeUp, pulumiUp }, rounds);
  return [
    {
      ...{ name: `make up that changes nothing, ${languages.length} languages`, unit: "s", goal: 1.3 },
      measured: seconds.makeUp,
      limit: { value: seconds.pulumiUp, of: "its pulumi up" },
    },
  ];
}

/** What a language more costs in an update that changes nothing. */
export async function measureLanguages(scratch: Scratch): Promise<Figure[]> {
  const one = scratch.beside("one");
  const all = scratch.beside("all");
  // A program of one language: with config alone, a plain update publishes the others too.
  const program = copyProgram(join(scratch.place.folder, "yaml"), [onlyLanguages("yaml")]);
  const updateOne = () => up(one, release(newer), { program });
  const updateAll = () => up(all, release(newer));
  await updateOne();
  await updateAll();
  const seconds = await compare({ one: updateOne, all: updateAll }, rounds);
  return [
    {
      ...{ name: `changing nothing in ${languages.length} languages`, unit: "s", goal: 0.5 },
      measured: seconds.all,
      limit: { value: seconds.one * languages.length, of: "as many times one language" },
    },
  ];
}
