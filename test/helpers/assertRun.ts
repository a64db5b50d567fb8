import assert from "node:assert/strict";

import { stackTrace } from "./stackTrace";
import type { Run } from "./testStack";

/** Asserts that an output has a text. The whole output is too long to read, so a failure shows its end, and its errors. */
export function says(output: string, sentence: RegExp): void {
  if (sentence.test(output)) return;
  const errors = output.split("\n").filter((line) => /error/i.test(line));
  assert.fail(
    `No ${String(sentence)} in the output, which ends with:\n${output.slice(-3000)}\n` +
      `Its last lines with errors:\n${errors.slice(-20).join("\n")}`,
  );
}

/** Asserts that a run succeeded and printed these texts. */
export function assertSucceeded({ failed, output }: Run, ...sentences: readonly RegExp[]): void {
  assert.equal(failed, false, output.slice(-3000));
  for (const sentence of sentences) says(output, sentence);
}

/** Asserts that a run failed and printed these texts, and no stack trace. */
export function assertRefused({ failed, output }: Run, ...sentences: readonly RegExp[]): void {
  assert.equal(failed, true, output.slice(-3000));
  for (const sentence of sentences) says(output, sentence);
  assert.doesNotMatch(output, stackTrace);
}
