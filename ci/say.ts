/** Prints one line about a part of the environment: what is used or done, and why. */
export function say(part: string, text: string): void {
  console.log(`  ${part.padEnd(20)} ${text}`);
}

/** Prints a heading over the lines that follow. */
export function heading(text: string): void {
  console.log(`\n${text}`);
}

/** A duration as people write it: 8 s, 2 min 05 s. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

const progressInterval = 10_000;

/** Does something that takes long, and says every ten seconds how far it is and how long it has taken. */
export async function withProgress<T>(
  part: string,
  start: string,
  work: (state: { text: string }) => Promise<T>,
): Promise<T> {
  say(part, start);
  const began = Date.now();
  const state = { text: "" };
  const timer = setInterval(() => {
    say(part, `… ${[duration(Date.now() - began), state.text].filter(Boolean).join(", ")}`);
  }, progressInterval);
  try {
    const result = await work(state);
    say(part, `done in ${duration(Date.now() - began)}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
