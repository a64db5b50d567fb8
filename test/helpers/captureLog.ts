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
  const outputs = [process.stdout, process.stderr];
  const terminals = outputs.map(({ isTTY }) => isTTY);
  const lines: string[] = [];
  console.error = (text: unknown) => lines.push(...String(text).split("\n"));
  for (const output of outputs) output.isTTY = false;
  try {
    await work();
    return { lines };
  } catch (error) {
    return { lines, error };
  } finally {
    console.error = print;
    outputs.forEach((output, index) => (output.isTTY = terminals[index] ?? false));
  }
}
