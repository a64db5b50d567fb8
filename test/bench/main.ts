// make bench: measures releases on this machine. Prints figures with their limits, ratios and goals, and writes them to
// docs/performance. Nothing fails because it is slow. Run it on a machine that does nothing else. TEST=<name> measures a part.
import { readVariable } from "../../lib/environmentVariables";
import { Fault } from "../../lib/errors";
import { runCommand } from "../../lib/command";
import { log } from "../../lib/log";
import { alone } from "../../local/checkoutLock";
import { Scratch } from "../helpers/scratch";
import { measureParallel } from "./builds";
import { type Figure, formatFigures } from "./figures";
import { measureLayers } from "./layers";
import { measureLayouts } from "./layouts";
import { measureNewVersion } from "./pushes";
import { newer, older } from "./releases";
import { writeReport } from "./report";
import { measureStarts } from "./starts";
import { measureLanguages, measureMakeUp, measureNoop } from "./updates";

/** The parts, in the order in which they are measured. All but makeUp release into a registry of their own. */
const parts = {
  pushes: measureNewVersion,
  updates: measureNoop,
  makeUp: measureMakeUp,
  languages: measureLanguages,
  layers: measureLayers,
  layouts: measureLayouts,
  starts: measureStarts,
  builds: measureParallel,
} satisfies Record<string, (scratch: Scratch) => Promise<readonly Figure[]>>;

async function bench(): Promise<void> {
  const names = readParts();
  const scratch = await Scratch.start([older, newer]);
  try {
    for (const name of names) {
      const figures = await parts[name](scratch);
      for (const line of formatFigures(figures)) console.log(line);
      // After each part, so that a later failure loses none.
      log(name, writeReport(name, figures));
    }
  } finally {
    await scratch.stop();
  }
}

function readParts(): (keyof typeof parts)[] {
  const known = Object.keys(parts) as (keyof typeof parts)[];
  const part = readVariable("TEST");
  if (part === undefined) return known;
  const found = known.filter((name) => name === part);
  if (found.length === 0) throw new Fault(`TEST ${JSON.stringify(part)} is not a part. Use ${known.join(", ")}.`);
  return found;
}

// As in cli.ts.
process.umask(0o022);
runCommand({ bench: alone(bench) });
