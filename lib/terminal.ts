import { styleText } from "node:util";

/** A stream that may be a terminal. */
type Output = Pick<NodeJS.WriteStream, "isTTY" | "columns">;

/**
 * Whether a person watches a stream: a terminal, where lines may change and have colours. NO_COLOR (https://no-color.org) and CI
 * ask for plain lines.
 */
export function isWatched({ isTTY }: Pick<Output, "isTTY"> = process.stderr, env = process.env): boolean {
  return isTTY && !env["NO_COLOR"] && !env["CI"] && env["TERM"] !== "dumb";
}

/** How many characters fit a line: COLUMNS, as `ls` reads it, or else the terminal's width; no limit elsewhere. */
export function widthOf({ isTTY, columns }: Output = process.stderr, env = process.env): number {
  return Number(env["COLUMNS"]) || (isTTY && columns) || Infinity;
}

/** Styles a text if a person watches the stream. */
export function paint(style: "bold" | "cyan" | "dim" | "red", text: string, stream: Output = process.stderr): string {
  return isWatched(stream) ? styleText(style, text, { validateStream: false }) : text;
}
