import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import type { ImageStep } from "./pulumiPreview";

/** Whether the checkout changes the inputs of an Image. */
export function changesInputs(step: ImageStep): boolean {
  const [before, now] = dockerfiles(step);
  return step.op === "update" && (before !== now || changesFiles(step) || changedValues(step).length > 0);
}

/** Describes changes of inputs as hunks of a diff. A language's smoke test and its published image share most inputs. */
export async function describeInputChanges(steps: readonly ImageStep[]): Promise<string[]> {
  const changed = steps.filter(changesInputs);
  const pairs = changed.map(dockerfiles).filter(([before, now]) => before !== now);
  // The smoke test's Dockerfile contains that of the image.
  const [longest] = pairs.sort(([, a], [, b]) => b.length - a.length);
  const values = [...new Set(changed.flatMap(changedValues))].join("\n");
  return [
    ...(longest === undefined ? [] : await diffHunks(...longest)),
    ...(values === "" ? [] : [values]),
    ...(changed.some(changesFiles) ? ['# files of its build contexts: see "Files changed"'] : []),
  ];
}

function dockerfiles(step: ImageStep): [before: string, now: string] {
  return [step.old?.inputs.dockerfile?.inline ?? "", step.new?.inputs.dockerfile?.inline ?? ""];
}

function changesFiles({ diffs }: ImageStep): boolean {
  return diffs?.includes("contextHash") ?? false;
}

/** The Dockerfile, and inputs that differ with what was released last, with who releases or with where an image goes. */
const ignored = /^(dockerfile|tags|exports|registries|buildArgs\.PUSHES_AGAIN)\b/;

/** The inputs other than the Dockerfile that differ, each as a line with its path and value. */
function changedValues(step: ImageStep): string[] {
  const [old, now] = [step.old, step.new].map((state) => flatten(state?.inputs).filter((line) => !ignored.test(line)));
  const without = (lines: readonly string[] = [], others: readonly string[] = []) =>
    lines.filter((line) => !others.includes(line));
  return [...without(old, now).map((line) => `-${line}`), ...without(now, old).map((line) => `+${line}`)];
}

function flatten(value: unknown, path = ""): string[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null) return [`${path}: ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, entry]) => flatten(entry, path === "" ? key : `${path}.${key}`));
}

async function diffHunks(before: string, now: string): Promise<string[]> {
  using folder = mkdtempDisposableSync(join(tmpdir(), "diff-"));
  writeFileSync(join(folder.path, "before"), before);
  writeFileSync(join(folder.path, "now"), now);
  const args = ["diff", "--no-index", "--no-color", "--no-ext-diff", "before", "now"];
  const { stdout, stderr, exitCode = 2 } = await execa("git", args, { cwd: folder.path, reject: false });
  if (exitCode > 1) throw new Error(stderr);
  const [, ...hunks] = stdout.split(/^@@ .*\n/m);
  return hunks.map((hunk) => hunk.trimEnd());
}
