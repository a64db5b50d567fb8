import assert from "node:assert/strict";

import { says } from "./says";
import { stackTrace } from "./stackTrace";
import type { Run } from "./testStack";

/** Asserts that a run of pulumi succeeded and printed these texts. */
export function assertSucceeded({ failed, output }: Run, ...sentences: readonly RegExp[]): void {
  assert.equal(failed, false, output);
  for (const sentence of sentences) says(output, sentence);
}

/** Asserts that a run of pulumi failed and printed these texts, and no stack trace. */
export function assertRefused({ failed, output }: Run, ...sentences: readonly RegExp[]): void {
  assert.equal(failed, true, output);
  for (const sentence of sentences) says(output, sentence);
  assert.doesNotMatch(output, stackTrace);
}
