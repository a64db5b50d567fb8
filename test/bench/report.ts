// The figures as files of docs/: as JSON, as a table, and as pictures.
import { mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

import { readJson, writeJson } from "../../lib/json";
import { markdownTable } from "../../lib/table";
import { writeWhole } from "../../lib/writeWhole";
import { checkout } from "../../local/folder";
import { type Figure, toRow } from "./figures";
import { drawRatios, drawSizes } from "./pictures";

/** What one run has measured of a part, when and where. */
export interface Measurement {
  /** YYYY-MM-DD */
  readonly date: string;
  readonly machine: string;
  readonly figures: readonly Figure[];
}

/** Measurements by the names of their parts. */
export type Report = Readonly<Record<string, Measurement>>;

const folder = join(checkout, "docs", "performance");

/** Replaces the measurement of a part in docs/performance. Returns the folder. */
export function writeReport(part: string, figures: readonly Figure[]): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "figures.json");
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} cores of ${cpus()[0]?.model ?? "an unknown processor"}, Node.js ${process.version}`;
  const report: Report = { ...readJson<Report>(file), [part]: { date, machine, figures } };
  writeJson(file, report);
  writeWhole(join(folder, "figures.md"), formatReport(report));
  writeWhole(join(folder, "sizes.svg"), drawSizes(report));
  writeWhole(join(folder, "ratios.svg"), drawRatios(report));
  return folder;
}

function formatReport(report: Report): string {
  const sections = Object.entries(report).map(
    ([part, { date, machine, figures }]) =>
      `## ${part}\n\n${date}, ${machine}\n\n${markdownTable(figures.map(toRow))}\n`,
  );
  return `# Figures\n\nWritten by \`make bench\`; [performance.md](../performance.md) explains them.\n\n${sections.join("\n")}`;
}
