import { Fault } from "../../lib/errors";
import { takeLock } from "../../local/checkoutLock";
import { prepareFolder } from "../../local/folder";
import { ensureDebianProgram } from "../../local/install/debianProgram";
import { prepareMachine } from "./scratch";

/**
 * Mocha runs it once, before the first suite: on a fresh machine, the set-up takes longer than the timeout of a suite.
 * @throws a Fault without a stack trace, which mocha would print
 */
export async function mochaGlobalSetup(): Promise<void> {
  try {
    // Until the last suite ends. The processes that run suites, and their commands, know about it.
    await takeLock();
    prepareFolder("native", "test");
    await prepareMachine(["3.64.0", "3.66.0"]);
    // Two suites must not install it at the same time.
    await ensureDebianProgram("openssl", "Tests sign certificates with it");
  } catch (error) {
    if (error instanceof Fault) error.stack = error.message;
    throw error;
  }
}
