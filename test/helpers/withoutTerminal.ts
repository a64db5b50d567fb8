/** Runs some work as if stdout were not a terminal: on one, pulumi shows its interactive display and logs nothing. */
export async function withoutTerminal<T>(work: () => Promise<T>): Promise<T> {
  const { isTTY } = process.stdout;
  process.stdout.isTTY = false;
  try {
    return await work();
  } finally {
    process.stdout.isTTY = isTTY;
  }
}
