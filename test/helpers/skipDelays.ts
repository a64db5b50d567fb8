import timers from "node:timers/promises";
import { mock } from "node:test";

/** Makes the retries of a suite's requests follow at once. Call it inside `describe`. */
export function skipDelays(): void {
  let restore: () => void;
  before(() => {
    const delay = mock.method(timers, "setTimeout", () => Promise.resolve());
    restore = () => delay.mock.restore();
  });
  after(() => restore());
}
