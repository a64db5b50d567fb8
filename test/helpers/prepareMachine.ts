import { takeLock } from "../../local/checkoutLock";
import { prepareMachine } from "./scratch";

/** Runs before the first suite: on a fresh machine, the set-up takes longer than the timeout of a suite. */
before("the machine is set up", async function () {
  this.timeout(3_600_000);
  // Until the last suite ends. The commands that suites start know about it.
  await takeLock();
  await prepareMachine(["3.64.0", "3.66.0"]);
});
