import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";

import { execa } from "execa";

import { checkout } from "../../local/folder";

/** Runs a command on a terminal of its own. Returns what it writes there. */
async function onTerminal(command: string, columns: number, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const own = { CI: undefined, NO_COLOR: undefined, COLUMNS: undefined, VERBOSE: undefined, TERM: "xterm", ...env };
  const args = ["--quiet", "--return", "--command", `stty cols ${columns} rows 24; ${command}`, "/dev/null"];
  // A terminal ends its lines like this.
  const run = await execa("script", args, { cwd: checkout, env: own, reject: false, stdin: "ignore" });
  return run.stdout.replaceAll("\r\n", "\n");
}

// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0009\u000b-\u001f]/;
const twoSteps = "ts-node --transpile-only test/helpers/twoSteps.ts show";

describe("on a real terminal", () => {
  it("each step has a line that changes and fits, below what is logged; none is left when the command fails", async () => {
    const output = await onTerminal(twoSteps, 40);
    // Cyan.
    for (const line of ["first                a text that…", "second               never ending"]) {
      assert.ok(output.includes(`\u001b[36m  ${line}  0 s`), JSON.stringify(output));
      assert.ok(output.includes(`\u001b[36m  ${line}  1 s`), JSON.stringify(output));
    }
    // The line of the second step comes below, and is erased before the error.
    const [, afterwards = ""] = output.split("  note                 between\n");
    // eslint-disable-next-line no-control-regex
    assert.match(afterwards, /second +never ending +1 s[^]*\u001b\[1A[^]*\nIt failed\.$/);
  });

  for (const variable of ["CI", "NO_COLOR"]) {
    it(`lines are plain with ${variable}`, async () => {
      const output = await onTerminal(twoSteps, 200, { [variable]: "1" });
      assert.doesNotMatch(output, control);
      const first = "  first                a text that is too long for a line of this terminal (1 s)";
      assert.equal(output, `${first}\n  note                 between\n\nIt failed.`);
    });
  }

  it("no line of a set-up is longer than 80 columns, and its stdout is pulumi's alone", async () => {
    const command = `make --silent pulumi ARGS="stack ls --json" >/dev/null`;
    const output = stripVTControlCharacters(await onTerminal(command, 80));
    assert.match(output, /\n {2}Pulumi CLI {11}\d/);
    const paths = (line: string) => line.includes(checkout);
    const long = output.split("\n").filter((line) => line.length > 80 && !paths(line));
    assert.deepEqual(long, []);
  });
});
