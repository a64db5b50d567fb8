import { type Row, textTable } from "../../lib/table";

/** A figure that one run has measured, and what it is compared with. */
export interface Figure {
  readonly name: string;
  readonly unit: "s" | "MB" | "requests";
  readonly measured: number;
  /** What the same run has measured for the least that could do the job, in the same unit, and what that is. */
  readonly limit?: { readonly value: number; readonly of: string };
  /** The highest ratio of measured to limit that is wanted. */
  readonly goal?: number;
  /** The language and the kind of layer, if it is the size of an image's layer. */
  readonly language?: string;
  readonly layer?: string;
}

/** Formats figures with their limits, ratios and goals, one a line. */
export function formatFigures(figures: readonly Figure[]): string[] {
  return textTable(figures.map(toRow));
}

/** The cells of a figure in a table. */
export function toRow({ name, unit, measured, limit, goal }: Figure): Row {
  const ratio = limit && measured / limit.value;
  const isMet = goal === undefined || ratio === undefined ? "" : ratio <= goal ? "yes" : "no";
  return {
    figure: name,
    measured: formatNumber(measured, unit),
    limit: limit === undefined ? "" : `${formatNumber(limit.value, unit)} (${limit.of})`,
    ratio: ratio === undefined ? "" : `${ratio.toFixed(2)}×`,
    goal: goal === undefined ? "" : `≤ ${goal}×`,
    met: isMet,
  };
}

function formatNumber(value: number, unit: Figure["unit"]): string {
  return unit === "requests" ? `${value} requests` : `${value.toFixed(unit === "s" ? 2 : 1)} ${unit}`;
}

/** The middle of some numbers, or the mean of the two in the middle. */
function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Measures tasks by turns, so that what disturbs the machine disturbs all of them. Returns each one's median in seconds. */
export async function compare<Name extends string>(
  tasks: Readonly<Record<Name, () => Promise<unknown>>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const entries = Object.entries<() => Promise<unknown>>(tasks);
  const seconds = new Map(entries.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of entries) seconds.get(name)?.push(await time(task));
  }
  return Object.fromEntries([...seconds].map(([name, all]) => [name, median(all)])) as Record<Name, number>;
}

/** Runs a task. Returns the seconds that it took. */
export async function time(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return (performance.now() - start) / 1000;
}

/** The sum of some numbers. */
export const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);
