import { type Platform, platforms } from "../../images/platform";
import { prepareMachine } from "./scratch";

/**
 * Runs before the first suite, and the suites find it done: a fresh machine builds for more minutes than a suite may
 * take.
 */
before("the machine is set up", async function () {
  this.timeout(3_600_000);
  // What is emulated takes long, and is made beside what is compiled: for both platforms, the suites build yaml alone.
  await prepareMachine(["3.66.0"], Object.keys(platforms) as Platform[], ["yaml"]).catch(console.error);
  // Where that failed, the suites that build for both ask for it again, and say why.
  await prepareMachine(["3.64.0", "3.66.0"]);
});
