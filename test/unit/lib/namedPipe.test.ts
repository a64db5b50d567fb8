import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";

import { execa } from "execa";

import { openNamedPipe } from "../../../lib/namedPipe";

describe("a named pipe", () => {
  const write = async (command: string) => {
    const lines: string[] = [];
    const pipe = await openNamedPipe((line) => lines.push(line));
    assert.equal(statSync(pipe.path).isFIFO(), true);
    assert.equal(statSync(dirname(pipe.path)).mode & 0o077, 0);
    await execa("sh", ["-c", command, "sh", pipe.path]);
    await pipe[Symbol.asyncDispose]();
    assert.equal(existsSync(dirname(pipe.path)), false);
    return lines;
  };

  it("hands over each line, also more than it holds, and one that was cut off", async () => {
    const lines = await write('{ seq 20000; printf half; } >"$1"');
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [20_001, "1", "half"]);
  });

  it("ends if nobody writes", async () => assert.deepEqual(await write("true"), []));
});
