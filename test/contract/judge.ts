import { formatDuration, log } from "../../lib/log";
import { messageOf } from "../../lib/errors";
import { textTable } from "../../lib/table";
import type { Box } from "./box";
import type { Check } from "./check";

/** A check and what it found. */
export interface Finding {
  readonly check: Pick<Check, "name" | "expected">;
  readonly found: string;
  readonly isRed: boolean;
}

/** Tries all checks, two at a time, because most of them wait for a container to start. Logs the result of each. */
export async function judge(box: Box, checks: readonly Check[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const waiting = [...checks.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, check] = next;
      const began = Date.now();
      const found = await check.find(box).catch((error: unknown) => summarize(messageOf(error)));
      findings[index] = { check, found, isRed: found !== check.expected };
      const verdict = findings[index].isRed ? "RED" : "green";
      log(verdict, `${check.name}, ${formatDuration(Date.now() - began)}`);
    }
  };
  await Promise.all([work(), work()]);
  return findings;
}

/** The table of some findings, then a line with their counts. */
export function formatFindings(findings: readonly Finding[]): string {
  const rows = findings.map(({ check, found, isRed }) => ({
    "": isRed ? "RED" : "",
    check: check.name,
    expected: check.expected,
    found: isRed ? summarize(found) : "as expected",
  }));
  const red = findings.filter(({ isRed }) => isRed).length;
  return [...textTable(rows), "", `${findings.length - red} green, ${red} red`].join("\n");
}

/** The line of an output that says what went wrong: the first one that looks like an error, or else the last one. */
export function summarize(output: string): string {
  // eslint-disable-next-line no-control-regex -- the escape sequences of a terminal begin with a control character
  const plain = output.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
  const lines = plain.split("\n").map((line) => line.trim());
  const full = lines.filter((line) => line !== "");
  const error = full.find((line) => /error|fatal|denied|not found|no such|cannot|unable|failed|refused/i.test(line));
  return (error ?? full.at(-1) ?? "nothing").slice(0, 160);
}
