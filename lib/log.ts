// Progress goes to stderr, so that stdout holds a command's result alone and can be piped.
import wrapAnsi from "wrap-ansi";

import { printAbove } from "./liveLines";
import { paint, widthOf } from "./terminal";

/** The width of the first column, with the spaces around it. */
export const indent = 23;

/** Logs one line about a part: what is used or done, and why. A narrow terminal breaks it between words. */
export function log(part: string, text: string): void {
  const width = Math.max(widthOf() - indent, 20);
  const lines = width === Infinity ? text : wrapAnsi(text, width).replaceAll("\n", `\n${" ".repeat(indent)}`);
  printAbove(`  ${part.padEnd(indent - 3)} ${lines}`);
}

/** Logs a heading above the lines that follow. */
export function logHeading(text: string): void {
  printAbove(`\n${paint("bold", text)}`);
}

/** Formats a duration: 8 s, 2 min 05 s. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
