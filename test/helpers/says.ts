import assert from "node:assert/strict";

/** Asserts that an output has a text. The whole output is too long to read, so a failure shows its end. */
export function says(output: string, sentence: RegExp): void {
  assert.ok(sentence.test(output), `No ${String(sentence)} in the output, which ends with:\n${output.slice(-3000)}`);
}
