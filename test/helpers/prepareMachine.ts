import { allPlatforms } from "../../images/platform";
import { takeLock } from "../../local/checkoutLock";
import { prepareMachine } from "./scratch";

/** Runs before the first suite: on a fresh machine, the set-up takes longer than the timeout of a suite. */
before("the machine is set up", async function () {
  this.timeout(3_600_000);
  // Until the last suite ends. The commands that suites start know about it.
  await takeLock();
  // Emulated substitutes take long, and are built in parallel with compilers. For both platforms, the suites build only yaml.
  await prepareMachine(["3.66.0"], allPlatforms, ["yaml"]).catch(console.error);
  // If that failed, the suites that build for both platforms try again and report why.
  await prepareMachine(["3.64.0", "3.66.0"]);
});
