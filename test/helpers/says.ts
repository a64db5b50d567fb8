import assert from "node:assert/strict";

/** Asserts what pulumi said. A whole output is too long to read: what does not match is shown by its end. */
export function says(output: string, sentence: RegExp): void {
  assert.ok(sentence.test(output), `No ${String(sentence)} in what ends with:\n${output.slice(-3000)}`);
}
