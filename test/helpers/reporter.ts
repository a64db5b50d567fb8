import { writeFileSync } from "node:fs";

import Mocha from "mocha";

import { failuresOfRegistries } from "./registryLogs";

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_TEST_FAIL } = Mocha.Runner.constants;

/**
 * Mocha's spec reporter with a closing line, `N passed, N failed, N skipped`, that .ci/run adds up over the suites. A failure
 * names what registries could not do since its suite began.
 */
export default class ClosingLine extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    let began = new Date();
    runner.on(EVENT_SUITE_BEGIN, () => void (began = new Date()));
    runner.on(EVENT_TEST_FAIL, (_, error: Error) => append(error, failuresOfRegistries(began)));
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const line = `${passes} passed, ${failures} failed, ${pending} skipped`;
      console.log(line);
      const file = process.env["CLOSING_LINES"];
      if (file !== undefined) writeFileSync(file, `${line}\n`, { flag: "a" });
    });
  }
}

/** Appends lines to an error's message. Mocha prints the stack without the message if it begins with it. */
function append(error: Error, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const { message, stack = "" } = error;
  error.message = [message, "Registries failed:", ...lines].join("\n");
  error.stack = stack.replace(message, () => error.message);
}
