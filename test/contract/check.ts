import type { Box } from "./box";

/** One promise of a runner image. */
export interface Check {
  /** What is checked, as a row's first cell. */
  readonly name: string;
  /** What a good image answers, as a row's second cell. */
  readonly expected: string;
  /** Tries it and returns what was found: green if equal to `expected`. A thrown error's first lines are what was found. */
  readonly find: (box: Box) => Promise<string>;
}

/** Thrown by a check that cannot be tried on this image or machine. Its message is the reason, as in "not tried: …". */
export class NotTried extends Error {}
