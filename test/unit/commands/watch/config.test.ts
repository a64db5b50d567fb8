import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readWatchConfig } from "../../../../commands/watch/config";
import { Fault, listProblems } from "../../../../lib/errors";
import { checkout } from "../../../../local/folder";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

describe("readWatchConfig", () => {
  const folder = useTemporaryFolder();

  function write(text: string): string {
    const file = join(folder(), "commands", "watch", "watched.json");
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  it("reads the checkout's file", async () =>
    assert.deepEqual(await readWatchConfig(checkout), {
      repository: { owner: "pulumi", repo: "pulumi" },
      firstVersion: "3.259.0",
    }));

  it("refuses every problem at once", async () => {
    const file = write('{"repository": "pulumi", "firstVersion": "v3.259.0", "first": 1}');
    const problems = [
      'Unknown key "first". Remove it.',
      'repository "pulumi" is not owner/name. Use a name such as pulumi/pulumi.',
      'firstVersion "v3.259.0" is not a version. Use X.Y.Z, such as 3.66.0.',
    ];
    await assert.rejects(readWatchConfig(folder()), new Fault(listProblems(`${file} is invalid:`, problems)));
  });

  for (const text of ["{", "null"]) {
    it(`refuses the file ${text}`, async () => {
      write(text);
      await assert.rejects(readWatchConfig(folder()), Fault);
    });
  }
});
