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

/** The delays without what is added at random, up to half: a delay between 1 and 1.5 seconds becomes 1000, and so on. */
export function withoutJitter(delays: readonly number[]): number[] {
  return delays.map((delay) => [1000, 2000, 4000].find((base) => delay >= base && delay < base * 1.5) ?? delay);
}
