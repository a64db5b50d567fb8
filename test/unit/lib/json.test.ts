import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readJson, writeJson } from "../../../lib/json";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";

describe("a JSON file", () => {
  const folder = useTemporaryFolder();

  it("is read as it was written, without any other file left", () => {
    const file = join(folder(), "file.json");
    for (const value of [{ port: 5000 }, [1]]) {
      writeJson(file, value);
      assert.deepEqual(readJson(file), value);
    }
    assert.deepEqual(readdirSync(folder()), ["file.json"]);
  });

  it("is undefined if it is absent or truncated", () => {
    assert.equal(readJson(join(folder(), "absent.json")), undefined);
    const file = join(folder(), "truncated.json");
    writeFileSync(file, '{"port": 50');
    assert.equal(readJson(file), undefined);
  });

  it("reports any other error", () => {
    mkdirSync(join(folder(), "folder.json"));
    assert.throws(() => readJson(join(folder(), "folder.json")), /EISDIR/);
  });
});
