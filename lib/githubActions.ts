// What a workflow step hands to GitHub, through files named in the environment. Outside Actions nothing is written.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
import { appendFileSync } from "node:fs";
/** Sets outputs of the current step. Refuses a value with several lines: the second one would set another output. */
export function setOutputs(outputs: Readonly<Record<string, string>>): void {
  const lines = Object.entries(outputs).map(([name, value]) => {
    if (/[\r\n]/.test(value)) throw new Error(`Output ${name} has several lines: ${JSON.stringify(value)}.`);
    return `${name}=${value}\n`;
  });
  append("GITHUB_OUTPUT", lines.join(""));
}

/** Appends Markdown to the job's summary. */
export function addSummary(markdown: string): void {
  append("GITHUB_STEP_SUMMARY", `${markdown}\n`);
}

function append(variable: string, text: string): void {
  const file = process.env[variable];
  if (file) appendFileSync(file, text);
}
