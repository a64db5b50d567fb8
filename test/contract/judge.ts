import { formatDuration, log } from "../../lib/log";
import { messageOf } from "../../lib/errors";
import { textTable } from "../../lib/table";
import type { Box } from "./box";
import { type Check, NotTried } from "./check";

/** A check and what it found. */
export interface Finding {
  readonly check: Pick<Check, "name" | "expected">;
  readonly found: string;
  readonly verdict: "green" | "RED" | "not tried";
}

/** Tries all checks, two at a time, because most of them wait for a container to start. Logs the result of each. */
export async function judge(box: Box, checks: readonly Check[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const waiting = [...checks.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, check] = next;
      const began = Date.now();
      findings[index] = await tryOut(box, check);
      log(findings[index].verdict, `${check.name}, ${formatDuration(Date.now() - began)}`);
    }
  };
  await Promise.all([work(), work()]);
  return findings;
}

async function tryOut(box: Box, check: Check): Promise<Finding> {
  try {
    const found = await check.find(box);
    return { check, found, verdict: found === check.expected ? "green" : "RED" };
  } catch (error) {
    if (error instanceof NotTried) return { check, found: error.message, verdict: "not tried" };
    return { check, found: summarize(messageOf(error)), verdict: "RED" };
  }
}

/** The table of some findings, then a line with their counts. */
export function formatFindings(findings: readonly Finding[]): string {
  const rows = findings.map(({ check, found, verdict }) => ({
    "": verdict === "green" ? "" : verdict,
    check: check.name,
    expected: check.expected,
    found: verdict === "green" ? "as expected" : summarize(found),
  }));
  const count = (wanted: Finding["verdict"]) => findings.filter(({ verdict }) => verdict === wanted).length;
  const notTried = count("not tried");
  const counts = `${count("green")} green, ${count("RED")} red${notTried === 0 ? "" : `, ${notTried} not tried`}`;
  return [...textTable(rows), "", counts].join("\n");
}

/** The line of an output that says what went wrong: the first one that looks like an error, or else the last one. */
export function summarize(output: string): string {
  // eslint-disable-next-line no-control-regex -- the escape sequences of a terminal begin with a control character
  const plain = output.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
  const lines = plain.split("\n").map((line) => line.trim());
  const full = lines.filter((line) => line !== "");
  // npm prints a bare code first.
  const messages = full.filter((line) => !line.startsWith("npm error code"));
  const error = messages.find((line) =>
    /(?<!\b0 )error|fatal|denied|not found|no such|cannot|unable|failed|refused/i.test(line),
  );
  return (error ?? full.at(-1) ?? "nothing").slice(0, 160);
}
