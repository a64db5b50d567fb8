/** What some work logged, and the error that ended it, if any. */
interface CapturedLog {
  readonly lines: readonly string[];
  readonly error?: unknown;
}

/**
 * Runs some work as if there were no terminal, on which pulumi would show its interactive display and log nothing, and
 * captures what it logs (see lib/log) instead of printing it.
 */
export async function captureLog(work: () => Promise<unknown>): Promise<CapturedLog> {
  const { error: print } = console;
  const { isTTY } = process.stdout;
  const lines: string[] = [];
  console.error = (text: unknown) => lines.push(...String(text).split("\n"));
  process.stdout.isTTY = false;
  try {
    await work();
    return { lines };
  } catch (error) {
    return { lines, error };
  } finally {
    console.error = print;
    process.stdout.isTTY = isTTY;
  }
}
