// make bench: measures releases on this machine and prints figures with their limits, ratios and goals. Nothing fails because
// it is slow. Run it on a machine that does nothing else.
import { runCommand } from "../../lib/command";
import { writeJson } from "../../lib/json";
import { log, logHeading } from "../../lib/log";
import { alone } from "../../local/checkoutLock";
import { inFolder } from "../../local/folder";
import { type Figure, formatFigures } from "./figures";
import { measureUpdates } from "./updates";

async function bench(): Promise<void> {
  logHeading("Measuring updates");
  const figures: Figure[] = await measureUpdates();
  const file = inFolder("bench.json");
  writeJson(file, { date: new Date().toISOString(), node: process.version, figures });
  for (const line of formatFigures(figures)) console.log(line);
  log("bench", file);
}

// As in cli.ts.
process.umask(0o022);
runCommand({ bench: alone(bench) });
