import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { fillFolder, fillFolderOnce } from "../../../../local/install/fillFolder";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

describe("a filled folder", () => {
  const parent = useTemporaryFolder();
  const write = (text: string) => (folder: string) => writeFile(join(folder, "file"), text);

  it("does not exist if it could not be filled", async () => {
    const folder = join(parent(), "folder");
    const broken = () => Promise.reject(new Error("broken"));
    await assert.rejects(fillFolder(folder, broken), /broken/);
    assert.equal(existsSync(folder), false);
  });

  it("keeps nothing of its previous content or of an interruption", async () => {
    const folder = join(parent(), "folder");
    for (const left of [folder, `${folder}.unfinished`]) {
      mkdirSync(left);
      writeFileSync(join(left, "old"), "");
    }
    await fillFolder(folder, write("new"));
    assert.deepEqual([readdirSync(folder), readdirSync(parent())], [["file"], ["folder"]]);
  });

  it("is filled again only from other inputs", async () => {
    const folder = join(parent(), "folder");
    const fill = async (inputs: string, text: string) => {
      await fillFolderOnce(folder, inputs, write(text));
      return readFileSync(join(folder, "file"), "utf8");
    };
    const contents = [await fill("a", "first"), await fill("a", "second"), await fill("b", "third")];
    assert.deepEqual(contents, ["first", "first", "third"]);
  });
});
