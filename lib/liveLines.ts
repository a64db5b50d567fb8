import { createLogUpdate } from "log-update";

/** The cursor stays: a process that is killed could not show it again. */
const display = createLogUpdate(process.stderr, { showCursor: true });
let shown: readonly string[] = [];

/** Shows lines at the bottom of the terminal instead of those that were shown before; none removes them. */
export function showLive(lines: readonly string[]): void {
  shown = lines;
  if (lines.length === 0) display.clear();
  else display(lines.join("\n"));
}

/** Prints a text on stderr, above the lines at the bottom. Not by log-update, which would break a long path in two. */
export function printAbove(text: string): void {
  if (shown.length === 0) return console.error(text);
  display.clear();
  console.error(text);
  display(shown.join("\n"));
}
