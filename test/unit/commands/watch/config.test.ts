import assert from "node:assert/strict";

import { readWatchConfig } from "../../../../commands/watch/config";
import { Fault, listProblems } from "../../../../lib/errors";
import { checkout } from "../../../../local/folder";
import { useFiles } from "../../../helpers/folderOfFiles";

describe("readWatchConfig", () => {
  const files = useFiles();
  const write = (text: string) => files.write("commands/watch/watched.json", text);

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
    await assert.rejects(readWatchConfig(files.path()), new Fault(listProblems(`${file} is invalid:`, problems)));
  });

  it("refuses a file that is not JSON, or not an object", async () => {
    for (const text of ["{", "null"]) {
      write(text);
      await assert.rejects(readWatchConfig(files.path()), Fault);
    }
  });
});
