// make bench: measures releases on this machine and prints figures with their limits, ratios and goals. Nothing fails because
// it is slow. Run it on a machine that does nothing else.
import { runCommand } from "../../lib/command";
import { writeJson } from "../../lib/json";
import { log } from "../../lib/log";
import { alone } from "../../local/checkoutLock";
import { inFolder } from "../../local/folder";
import { type Figure, formatFigures } from "./figures";
import { measureUpdates } from "./updates";

async function bench(): Promise<void> {
  const figures: Figure[] = [];
  // Printed as they are measured, so that a later failure loses none.
  for await (const measured of measureUpdates()) {
    for (const line of formatFigures(measured)) console.log(line);
    figures.push(...measured);
  }
  const file = inFolder("bench.json");
  writeJson(file, { date: new Date().toISOString(), node: process.version, figures });
  log("bench", file);
}

// As in cli.ts.
process.umask(0o022);
runCommand({ bench: alone(bench) });
