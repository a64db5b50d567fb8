import assert from "node:assert/strict";
import { join } from "node:path";

import { execa } from "execa";

import { commandLine } from "../../../lib/command";
import { checkout } from "../../../local/folder";

const [command, errors] = ["command", "errors"].map((name) => JSON.stringify(join(checkout, "lib", name)));
const script = `
  const [{ runCommand }, { Fault }] = [require(${command}), require(${errors})];
  runCommand({
    fails: async () => {
      setInterval(() => undefined, 1000);
      console.log("x".repeat(500_000));
      throw new Fault("the fault");
    },
    throws: () => {
      throw new Fault("before any await");
    },
    full: async () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
    },
    bug: async () => require("node:fs").readFileSync("/no/such/file"),
    program: async () => (await import("execa")).execa("sh", ["-c", "seq 20 >&2; exit 3"]),
  });`;

/** Runs a command with its output in a pipe that is not read for half a second. */
async function run(name: string): Promise<string> {
  const node = `"$NODE" --require ts-node/register/transpile-only --eval "$SCRIPT" - ${name}`;
  const env = { NODE: process.execPath, SCRIPT: script };
  const pipe = `{ ${node} 2>&1; echo "code $?"; } | { sleep 0.5; cat; }`;
  const { stdout } = await execa("sh", ["-c", pipe], { cwd: checkout, env });
  return stdout.replace(/x{9,}/g, ({ length }) => `${length} characters`);
}

const lastLines = Array.from({ length: 15 }, (_, index) => `${index + 6}\n`).join("");
const failed = new RegExp(`^\nCommand failed with exit code 3: sh -c .*\n${lastLines}code 1$`);
for (const [behaviour, name, output] of [
  ["exits at once, with all of its output", "fails", /^500000 characters\n\nthe fault\ncode 1$/],
  ["prints a Fault that is thrown before the first await in the same way", "throws", /^\nbefore any await\ncode 1$/],
  ["prints a full disk in a sentence, and no stack", "full", /^\nENOSPC: .*, write\. Free some .*: make \S+\ncode 1$/],
  ["prints the stack of an error that no person can correct", "bug", /ENOENT.*\n +at /],
  ["prints the last lines of a program that failed, and no stack", "program", failed],
  [
    "is unknown, with another code",
    "none",
    /^Unknown command "none"\. Known: fails, throws, full, bug, program\.\ncode 2$/,
  ],
] as const) {
  it(`a command that fails ${behaviour}`, async () => assert.match(await run(name), output));
}

it("commandLine is what a person has typed", () => {
  const env = { TAG: "v3.66.0", STACK: "", LANGUAGE: "yaml", OTHER: "1" };
  assert.equal(commandLine(["node", "/x/cli.ts", "up"], env), "make up TAG=v3.66.0 LANGUAGE=yaml");
  assert.equal(commandLine(["node", "/x/demo/walkThrough.ts"], {}), "make walk-through");
  assert.equal(commandLine(["node", "/x/bin/mocha.js", "--file", "a"], {}), "make mocha");
});
