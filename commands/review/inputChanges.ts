import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import type { ImageInputs, ImageStep } from "./pulumiPreview";

/** Whether the checkout changes the inputs of an Image. */
export function changesInputs(step: ImageStep): boolean {
  const differs = dockerfileOf(step.before) !== dockerfileOf(step.now);
  return step.op === "update" && (differs || changesFiles(step) || changedValues(step).length > 0);
}

/**
 * Describes the changes of inputs as hunks of a diff, without headers.
 * @param steps a language's smoke test, if it has one, and its published image: they share most inputs
 */
export async function describeInputChanges(steps: readonly ImageStep[]): Promise<string[]> {
  const changed = steps.filter(changesInputs);
  const [longest] = changed
    .filter(({ diffs }) => diffs.includes("dockerfile"))
    // The smoke test's Dockerfile contains that of the image.
    .sort((a, b) => dockerfileOf(b.now).length - dockerfileOf(a.now).length);
  const values = [...new Set(changed.flatMap(changedValues))];
  return [
    ...(longest === undefined ? [] : await diffHunks(dockerfileOf(longest.before), dockerfileOf(longest.now))),
    ...(values.length > 0 ? [values.join("\n")] : []),
    ...(changed.some(changesFiles) ? ['# files of its build contexts: see "Files changed"'] : []),
  ];
}

function dockerfileOf(state: ImageStep["now"]): string {
  return state?.inputs.dockerfile?.inline ?? "";
}

function changesFiles({ diffs }: ImageStep): boolean {
  return diffs.includes("contextHash");
}

/** The Dockerfile, and inputs that differ with what was released last or with who releases. */
const ignored = /^(dockerfile|tags|registries|buildArgs\.REPAIR)\b/;

/** The inputs other than the Dockerfile that differ, each as a line with its path and value. */
function changedValues({ before, now }: ImageStep): string[] {
  const [old, current] = [lines(before?.inputs), lines(now?.inputs)];
  return [
    ...old.filter((line) => !current.includes(line)).map((line) => `-${line}`),
    ...current.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
}

function lines(inputs: ImageInputs = {}): string[] {
  return flatten(inputs).filter((line) => !ignored.test(line));
}

function flatten(value: unknown, path = ""): string[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null) return [`${path}: ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, entry]) => flatten(entry, path === "" ? key : `${path}.${key}`));
}

async function diffHunks(before: string, now: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "diff-"));
  try {
    writeFileSync(join(folder, "before"), before);
    writeFileSync(join(folder, "now"), now);
    const args = ["diff", "--no-index", "--no-color", "--no-ext-diff", "before", "now"];
    const { stdout, stderr, exitCode = 2 } = await execa("git", args, { cwd: folder, reject: false });
    if (exitCode > 1) throw new Error(stderr);
    const [, ...hunks] = stdout.split(/^@@ .*\n/m);
    return hunks.map((hunk) => hunk.trimEnd());
  } finally {
    rmSync(folder, { recursive: true });
  }
}
