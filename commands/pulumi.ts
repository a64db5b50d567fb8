import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";

import { execa } from "execa";

import { messageOf } from "../lib/errors";
import { formatDuration, log } from "../lib/log";
import { openNamedPipe } from "../lib/namedPipe";
import { isWatched } from "../lib/terminal";
import { createFilter } from "./buildOutput";
import { collectCauses } from "./failureCauses";
import { registryFailures } from "./registryFailures";
import type { Project } from "./target";

/** How a run of pulumi ended. */
export interface Ended {
  readonly succeeded: boolean;
  /** A sentence for each likely cause of a failure. */
  readonly causes: readonly string[];
}

type Exit = Readonly<{ failed: boolean; signal?: string | undefined }>;
/** Receives each line that may name a cause. */
type Add = (line: string) => void;

/** In milliseconds: a build that downloads may print nothing for minutes. */
const longestSilence = 60_000;

/** Runs pulumi with its own display on a terminal, elsewhere shortened, with all of it in pulumi.log. */
export async function runPulumi(project: Project, args: readonly string[]): Promise<Ended> {
  const { add, sentences } = collectCauses(project);
  const run = isWatched(process.stdout) ? runOnTerminal : runShortened;
  const { failed, signal } = await run(project, args, add);
  if (!failed) return { succeeded: true, causes: [] };
  if (signal !== undefined) add(`pulumi: ${signal}`);
  for (const failure of registryFailures((await project.registry?.log()) ?? "")) add(`registry: ${failure}`);
  return { succeeded: false, causes: sentences() };
}

/** Reads the errors from pulumi's event log, because its display belongs to the terminal, and from stderr. */
async function runOnTerminal({ folder, env }: Project, args: readonly string[], add: Add): Promise<Exit> {
  const stderr = ["inherit", "pipe"] as const;
  const options = { cwd: folder, reject: false, stdin: "inherit", stdout: "inherit", stderr } as const;
  // As Pulumi's Automation API does: without the variable, the CLI has no such option.
  const withEvents = { ...env, PULUMI_DEBUG_COMMANDS: "true" };
  // The events hold inputs of resources, such as passwords: a pipe, so that none is written to a disk.
  await using events = await openNamedPipe((line) => line.includes('"severity":"error"') && add(line));
  const exit = await waitFor(execa("pulumi", [...args, "--event-log", events.path], { ...options, env: withEvents }));
  for (const line of exit.stderr.split("\n")) add(line);
  return exit;
}

async function runShortened({ folder, env, logs }: Project, args: readonly string[], add: Add): Promise<Exit> {
  const path = join(logs, "pulumi.log");
  const file = createWriteStream(path);
  // A full disk must not end a release halfway.
  const writeError = finished(file).then(() => undefined, messageOf);
  const [filter, began] = [createFilter(), Date.now()];
  const options = { cwd: folder, env, reject: false, stdin: "ignore", all: true, buffer: false } as const;
  const running = execa("pulumi", args, options);
  const ended = waitFor(running);
  const silence = setInterval(
    () => log("pulumi", `… still running, ${formatDuration(Date.now() - began)}`),
    longestSilence,
  );
  for await (const line of running.iterable({ from: "all" })) {
    file.write(`${line}\n`);
    add(line);
    for (const shown of filter(line)) {
      console.error(shown);
      silence.refresh();
    }
  }
  clearInterval(silence);
  file.end();
  const error = await writeError;
  log("pulumi.log", error === undefined ? path : `${path} is incomplete: ${error}`);
  return ended;
}

/**
 * Waits for pulumi, also after Ctrl-C, which a terminal sends to both: pulumi then ends what it has begun and gives its lock
 * back. A second one stops it at once. A signal that reaches this process alone is passed on.
 */
async function waitFor<T extends { failed: boolean }>(
  running: Promise<T> & { kill(signal: "SIGTERM"): unknown },
): Promise<T> {
  const interrupt = () => log("stopping", "pulumi ends what it has begun. Ctrl-C once more stops it at once");
  const terminate = () => void running.kill("SIGTERM");
  process.on("SIGINT", interrupt).on("SIGTERM", terminate);
  try {
    return await running;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", terminate);
  }
}

/** Runs pulumi without showing anything. Returns its stdout. */
export async function readPulumi({ folder, env }: Project, ...args: string[]): Promise<string> {
  return (await execa("pulumi", [...args, "--non-interactive"], { cwd: folder, env })).stdout;
}

/** The arguments that limit an update to the languages of a project, or a rollback to its tags; none if it has all. */
export function targetArguments({ languages, isRollback }: Pick<Project, "languages" | "isRollback">): string[] {
  // By URN, in which the name comes last: https://www.pulumi.com/docs/iac/concepts/resources/names/#urns
  const patterns = isRollback ? ["**::*-tag"] : languages.flatMap(({ name }) => [`**::${name}`, `**::${name}-*`]);
  return patterns.flatMap((pattern) => ["--target", pattern]);
}
