// What a step of a workflow tells GitHub, by files that it names in the environment. Elsewhere nothing is written.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
import { appendFileSync } from "node:fs";

/** Sets outputs of the step. Throws an Error for a value of more than one line, which would set further ones. */
export function writeOutputs(outputs: Readonly<Record<string, string>>): void {
  const lines = Object.entries(outputs).map(([name, value]) => {
    if (/[\r\n]/.test(value)) throw new Error(`Output ${name} has more than one line: ${JSON.stringify(value)}.`);
    return `${name}=${value}\n`;
  });
  append("GITHUB_OUTPUT", lines.join(""));
}

/** Adds Markdown to the summary of the job. */
export function writeSummary(markdown: string): void {
  append("GITHUB_STEP_SUMMARY", `${markdown}\n`);
}

function append(variable: string, text: string): void {
  const file = process.env[variable];
  if (file !== undefined && file !== "") appendFileSync(file, text);
}
