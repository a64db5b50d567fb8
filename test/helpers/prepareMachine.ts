import { takeLock } from "../../local/checkoutLock";
import { prepareMachine } from "./scratch";

/** Mocha runs it once, before the first suite: on a fresh machine, the set-up takes longer than the timeout of a suite. */
export async function mochaGlobalSetup(): Promise<void> {
  // Until the last suite ends. The processes that run suites, and their commands, know about it.
  await takeLock();
  await prepareMachine(["3.64.0", "3.66.0"]);
}
