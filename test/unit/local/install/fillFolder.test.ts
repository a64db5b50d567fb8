import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { fillFolder, fillFolderOnce } from "../../../../local/install/fillFolder";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

describe("a filled folder", () => {
  const parent = useTemporaryFolder();
  const write = (text: string) => (folder: string) => {
    writeFileSync(join(folder, "file"), text);
    return Promise.resolve();
  };

  it("does not exist if it could not be filled", async () => {
    const folder = join(parent(), "folder");
    await assert.rejects(
      fillFolder(folder, () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    assert.equal(existsSync(folder), false);
  });

  it("keeps nothing of its previous content or of an interruption", async () => {
    const folder = join(parent(), "folder");
    for (const left of [folder, `${folder}.unfinished`]) {
      mkdirSync(left);
      writeFileSync(join(left, "old"), "");
    }
    await fillFolder(folder, write("new"));
    assert.deepEqual(readdirSync(folder), ["file"]);
    assert.deepEqual(readdirSync(parent()), ["folder"]);
  });

  it("is filled again only from other inputs", async () => {
    const folder = join(parent(), "folder");
    await fillFolderOnce(folder, "a", write("first"));
    await fillFolderOnce(folder, "a", write("second"));
    assert.equal(readFileSync(join(folder, "file"), "utf8"), "first");
    await fillFolderOnce(folder, "b", write("third"));
    assert.equal(readFileSync(join(folder, "file"), "utf8"), "third");
  });
});
