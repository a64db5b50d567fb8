import { type Platform, platforms } from "../../images/platform";
import { prepareMachine } from "./scratch";

/**
 * Runs before the first suite, and the suites find it done: a fresh machine builds for more minutes than a suite may
 * take, and here no timeout ends it.
 */
before("the machine is set up", async function () {
  this.timeout(0);
  // What is emulated takes long: for both platforms, the suites build yaml alone.
  await prepareMachine(["3.66.0"], Object.keys(platforms) as Platform[], ["yaml"]);
  await prepareMachine(["3.64.0"]);
});
