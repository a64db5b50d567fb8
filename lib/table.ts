/** A row of a table: its cells by column name. */
export type Row = Readonly<Record<string, string | number>>;

/** Formats a table for a terminal: a line with the column names, then one per row, each column as wide as its content. */
export function textTable(rows: readonly Row[]): string[] {
  const lines = cells(rows);
  const pad = (cell: string, column: number) =>
    cell.padEnd(Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => line.map(pad).join("  ").trimEnd());
}

/** Formats a table as `textTable` does, if it fits the width. Otherwise, the cells of a long column get lines of their own. */
export function fittingTable(rows: readonly Row[], width: number, long: string): string[] {
  const whole = textTable(rows);
  if (whole.every((line) => line.length <= width)) return whole;
  const others = rows.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => column !== long)));
  const [heading = "", ...lines] = textTable(others);
  return [heading, ...lines.flatMap((line, index) => [line, `  ${rows[index]?.[long]}`])];
}

/** Formats a table as Markdown: https://github.github.com/gfm/#tables-extension- */
export function markdownTable(rows: readonly Row[]): string {
  const [columns = [], ...lines] = cells(rows).map((line) => line.map((cell) => cell.replaceAll("|", "\\|")));
  return [columns, columns.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function cells(rows: readonly Row[]): string[][] {
  const columns = Object.keys(rows[0] ?? {});
  return [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
}
