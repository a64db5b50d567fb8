import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { fillFolder, fillFolderOnce } from "../../../../local/install/fillFolder";
import { useFiles } from "../../../helpers/folderOfFiles";

describe("a filled folder", () => {
  const files = useFiles();
  const write = (text: string) => (folder: string) => writeFile(join(folder, "file"), text);

  it("does not exist if it could not be filled", async () => {
    const broken = () => Promise.reject(new Error("broken"));
    await assert.rejects(fillFolder(files.path("folder"), broken), /broken/);
    assert.equal(existsSync(files.path("folder")), false);
  });

  it("keeps nothing of its previous content or of an interruption", async () => {
    for (const left of ["folder/old", "folder.unfinished/old"]) files.write(left);
    await fillFolder(files.path("folder"), write("new"));
    assert.deepEqual([readdirSync(files.path("folder")), readdirSync(files.path())], [["file"], ["folder"]]);
  });

  it("is filled again only from other inputs", async () => {
    const fill = async (inputs: string, text: string) => {
      await fillFolderOnce(files.path("folder"), inputs, write(text));
      return files.read("folder/file");
    };
    const contents = [await fill("a", "first"), await fill("a", "second"), await fill("b", "third")];
    assert.deepEqual(contents, ["first", "first", "third"]);
  });
});
