import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readJson, writeJson } from "../../../lib/json";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";

describe("a JSON file", () => {
  const folder = useTemporaryFolder();
  const file = () => join(folder(), "file.json");

  it("is read as it was written, without any other file left", () => {
    for (const value of [{ port: 5000 }, [1]]) {
      writeJson(file(), value);
      assert.deepEqual(readJson(file()), value);
    }
    assert.deepEqual(readdirSync(folder()), ["file.json"]);
  });

  it("is undefined if it is absent or truncated, and any other problem is an error", () => {
    assert.equal(readJson(file()), undefined);
    writeFileSync(file(), '{"port": 50');
    assert.equal(readJson(file()), undefined);
    mkdirSync(join(folder(), "folder.json"));
    assert.throws(() => readJson(join(folder(), "folder.json")), /EISDIR/);
  });
});
