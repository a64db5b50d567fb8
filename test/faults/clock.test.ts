import { rmSync } from "node:fs";

import { ensureDebianProgram } from "../../local/install/debianProgram";
import { language } from "./checkoutCopy";
import { type Fault, describeFaults } from "./faults";

const release = { TAG: "v3.66.0", LANGUAGE: language };

/**
 * Runs a target with another clock, by libfaketime: those of make, shells, Node.js and git. Programs in Go have no part that it
 * replaces, so pulumi's and BuildKit's clocks are right. Files keep their times.
 */
function withClock(offset: string, target: string, says: RegExp): Fault {
  return {
    strike: async (copy) => {
      // The release pushes the image again.
      rmSync(copy.blobFile((await copy.client.manifest("v3.66.0"))?.layers?.at(-1)?.digest ?? ""));
      const library = await ensureDebianProgram("libfaketimeMT.so.1", "A test sets the clock", [
        // Below usr/bin.
        { debianPackage: "libfaketime", program: "../lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1" },
      ]);
      const clock = { LD_PRELOAD: library, FAKETIME: offset, DONT_FAKE_MONOTONIC: "1", NO_FAKE_STAT: "1" };
      return copy.start(target, release, clock).ended;
    },
    says,
    exit: 0,
  };
}

const unchanged = /Nothing has changed: every tag serves the same digest as before\./;

describeFaults("wrong clocks", {
  "the clock is 400 days slow": withClock("-400d", "up", unchanged),
  "the clock is 400 days fast": withClock("+400d", "up", unchanged),
});
