// Progress goes to stderr, so that stdout holds a command's result alone and can be piped.

/** Logs one line about a part: what is used or done, and why. */
export function log(part: string, text: string): void {
  console.error(`  ${part.padEnd(20)} ${text}`);
}

/** Logs a heading above the lines that follow. */
export function logHeading(text: string): void {
  console.error(`\n${text}`);
}

/** Formats a duration: 8 s, 2 min 05 s. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** Runs a slow task and logs every ten seconds how long it has taken, and the `text` that it may set. */
export async function withProgress<T>(part: string, start: string, work: (state: { text: string }) => Promise<T>) {
  log(part, start);
  const began = Date.now();
  const took = () => formatDuration(Date.now() - began);
  const state = { text: "" };
  const timer = setInterval(() => log(part, `… ${[took(), state.text].filter(Boolean).join(", ")}`), 10_000);
  try {
    const result = await work(state);
    log(part, `done in ${took()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
