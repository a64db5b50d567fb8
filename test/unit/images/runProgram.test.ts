import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

import { checkout } from "../../../local/folder";

describe("a process of the program", () => {
  it("ends if nobody reads what it prints, although it reports errors by printing, as Pulumi's SDK does", async () => {
    const program =
      'require("./images/runProgram").runProgram(); process.on("uncaughtException", console.error); setInterval(console.error, 10, "a log")';
    const args = ["--require", "ts-node/register/transpile-only", "--eval", program];
    const child = spawn(process.execPath, args, {
      cwd: checkout,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 15_000,
    });
    child.stderr.once("data", () => child.stderr.destroy());
    assert.deepEqual(await once(child, "exit"), [1, null]);
  });
});
