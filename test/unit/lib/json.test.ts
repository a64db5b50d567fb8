import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";

import { readJson, writeJson } from "../../../lib/json";
import { useFiles } from "../../helpers/folderOfFiles";

describe("a JSON file", () => {
  const files = useFiles();

  it("is read as it was written, without any other file left", () => {
    for (const value of [{ port: 5000 }, [1]]) {
      writeJson(files.path("file.json"), value);
      assert.deepEqual(readJson(files.path("file.json")), value);
    }
    assert.deepEqual(readdirSync(files.path()), ["file.json"]);
  });

  it("is undefined if it is absent or truncated, and any other problem is an error", () => {
    assert.equal(readJson(files.path("file.json")), undefined);
    assert.equal(readJson(files.write("file.json", '{"port": 50')), undefined);
    mkdirSync(files.path("folder.json"));
    assert.throws(() => readJson(files.path("folder.json")), /EISDIR/);
  });
});
