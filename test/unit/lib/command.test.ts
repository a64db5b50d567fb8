import assert from "node:assert/strict";
import { join } from "node:path";

import { execa } from "execa";

import { checkout } from "../../../local/folder";

const modules = ["command", "errors"].map((name) => JSON.stringify(join(checkout, "lib", name)));
const script = `
  const [{ runCommand }, { Fault }] = [${modules.map((path) => `require(${path})`).join()}];
  runCommand({
    fails: async () => {
      setInterval(() => undefined, 1000);
      console.log("x".repeat(500_000));
      throw new Fault("the fault");
    },
    throws: () => {
      throw new Fault("before any await");
    },
    program: async () => (await import("execa")).execa("sh", ["-c", "seq 20 >&2; exit 3"]),
  });`;

/** Runs a command with its output in a pipe that is not read for half a second. */
function run(command: string) {
  const node = `"$NODE" --require ts-node/register/transpile-only --eval "$SCRIPT" - ${command}`;
  return execa("sh", ["-c", `{ ${node} 2>&1; echo "code $?"; } | { sleep 0.5; cat; }`], {
    cwd: checkout,
    env: { NODE: process.execPath, SCRIPT: script },
  });
}

describe("a command that fails", () => {
  it("exits at once, with all of its output, although other work is not finished", async () => {
    const { stdout } = await run("fails");
    const shown = stdout.replace(/x+/g, ({ length }) => `${length} characters`);
    assert.equal(shown, "500000 characters\n\nthe fault\ncode 1");
  });

  it("prints a Fault that is thrown before the first await in the same way", async () => {
    assert.equal((await run("throws")).stdout, "\nbefore any await\ncode 1");
  });

  it("prints the last lines of a program that failed, and no stack", async () => {
    const { stdout } = await run("program");
    const [, reason, ...rest] = stdout.split("\n");
    assert.match(reason ?? "", /^Command failed with exit code 3: sh -c /);
    const last = Array.from({ length: 15 }, (_, index) => String(index + 6));
    assert.deepEqual(rest, [...last, "code 1"]);
  });

  it("exits with another code if the command does not exist", async () => {
    const { stdout } = await run("none");
    assert.equal(stdout, 'Unknown command "none". Known: fails, throws, program.\ncode 2');
  });
});
