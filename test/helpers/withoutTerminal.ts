/** Does something as where the output is no terminal: on one, pulumi shows its own display, and nothing goes to a log. */
export async function withoutTerminal<T>(work: () => Promise<T>): Promise<T> {
  const { isTTY } = process.stdout;
  process.stdout.isTTY = false;
  try {
    return await work();
  } finally {
    process.stdout.isTTY = isTTY;
  }
}
