import { writeFileSync } from "node:fs";

import Mocha from "mocha";

const { EVENT_RUN_END } = Mocha.Runner.constants;

/** Mocha's spec reporter with a closing line, `N passed, N failed, N skipped`, that .ci/run adds up over the suites. */
export default class ClosingLine extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const line = `${passes} passed, ${failures} failed, ${pending} skipped`;
      console.log(line);
      const file = process.env["CLOSING_LINES"];
      if (file !== undefined) writeFileSync(file, `${line}\n`, { flag: "a" });
    });
  }
}
