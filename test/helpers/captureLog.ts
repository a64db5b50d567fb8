import { withoutTerminal } from "./withoutTerminal";

/** What some work logged, and the error that ended it, if any. */
export interface CapturedLog {
  readonly lines: readonly string[];
  readonly error?: unknown;
}

/** Runs some work as if there were no terminal, and captures what it logs (see lib/log) instead of printing it. */
export async function captureLog(work: () => Promise<unknown>): Promise<CapturedLog> {
  const { error: print } = console;
  const lines: string[] = [];
  console.error = (text: unknown) => lines.push(...String(text).split("\n"));
  try {
    await withoutTerminal(work);
    return { lines };
  } catch (error) {
    return { lines, error };
  } finally {
    console.error = print;
  }
}
