// The part of make walk-through with one machine for each platform: both are BuildKits on this machine. One runs without an
// emulator. The other has the other platform as its own, and the kernel emulates it: see test/helpers/twoMachines.ts.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { catalogue } from "../images/catalogue";
import { formatDuration } from "../lib/log";
import { TwoMachines } from "../test/helpers/twoMachines";

/** Releases a version and latest, and shows what each job took and what it handed over. */
export async function walkThroughPlatforms(version: string, languages: readonly string[]): Promise<void> {
  const machines = await TwoMachines.start(languages.length > 0 ? languages : catalogue.map(({ name }) => name));
  try {
    for (const tag of [`v${version}`, `latest-v${version}`]) {
      console.log(`\n$ git push origin ${tag}`);
      let start = Date.now();
      const { conclusion, log, ran } = await machines.release(tag, (layers) => {
        console.log(`  job arm64 for ${machines.platform}: ${formatDuration(Date.now() - start)}, ${describe(layers)}`);
        start = Date.now();
      });
      console.log(`  then the others: ${formatDuration(Date.now() - start)}; ran: ${ran.join(", ")}; ${conclusion}`);
      if (conclusion !== "success") throw new Error(log.slice(-3000));
      const image = tag.startsWith("latest") ? "latest" : tag;
      for (const [language, digest] of Object.entries(await machines.flow.served("prod", image))) {
        console.log(`  registry: runner-pulumi-${language}:${image} ${digest}`);
      }
    }
  } finally {
    await machines.stop();
  }
}

function describe(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(folder, name)));
  const bytes = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
  return `artifact of ${(bytes / 1e6).toFixed(1)} MB`;
}
