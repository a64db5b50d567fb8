import assert from "node:assert/strict";
import { join } from "node:path";

import { execa } from "execa";

import { checkout } from "../../../local/folder";

const modules = ["command", "fault"].map((name) => JSON.stringify(join(checkout, "ci", name)));
const script = `
  const [{ runCommand }, { Fault }] = [${modules.map((path) => `require(${path})`).join()}];
  runCommand({
    fails: async () => {
      setInterval(() => undefined, 1000);
      console.log("x".repeat(500_000));
      throw new Fault("the fault");
    },
  });`;

/** Runs a command, its output in a pipe that nobody reads for a while. */
function run(command: string) {
  const node = `"$NODE" --require ts-node/register/transpile-only --eval "$SCRIPT" - ${command}`;
  return execa("sh", ["-c", `{ ${node} 2>&1; echo "code $?"; } | { sleep 0.5; cat; }`], {
    cwd: checkout,
    env: { NODE: process.execPath, SCRIPT: script },
  });
}

describe("a command that fails", () => {
  it("ends at once, whatever is under way, and not before everything is said", async () => {
    const { stdout } = await run("fails");
    const shown = stdout.replace(/x+/g, ({ length }) => `${length} characters`);
    assert.equal(shown, "500000 characters\n\nthe fault\ncode 1");
  });

  it("is told from one that is not there", async () => {
    const { stdout } = await run("none");
    assert.equal(stdout, 'Unknown command "none". Known: fails.\ncode 2');
  });
});
