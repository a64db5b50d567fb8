import assert from "node:assert/strict";

import { Origin } from "../../../../commands/watch/origin";
import { Clone } from "../../../../lib/git";
import { ScratchRepository } from "../../../helpers/scratchRepository";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

describe("Origin.languages", () => {
  const folder = useTemporaryFolder();

  const files = (...names: string[]) => Object.fromEntries(names.map((name) => [`dockerfiles/${name}`, ""]));
  const old = files("base.Dockerfile", "golang.Dockerfile", "java.Dockerfile", "context/.dockerignore");
  const removed = Object.fromEntries(Object.keys(old).map((path) => [path, undefined]));
  const languages = ["golang/Dockerfile", "golang/smoke/main.go", "rust/Dockerfile", "rust/smoke/Dockerfile"];
  const today = files("base.Dockerfile", "scripts/settle", ...languages);

  it("reads a folder a language, and the files that older commits have", async () => {
    const repository = await ScratchRepository.create(folder());
    const origin = new Origin(new Clone(repository.clone));
    await repository.pushTag("v3.259.0", await repository.commit("Old layout", old));
    await origin.fetch();
    assert.deepEqual(await origin.languages("v3.259.0"), ["golang", "java"]);
    await repository.pushTag("v3.260.0", await repository.commit("New layout", { ...removed, ...today }));
    await origin.fetch();
    assert.deepEqual(await origin.languages("v3.259.0"), ["golang"]);
    assert.deepEqual(await origin.languages("v3.260.0"), ["golang", "rust"]);
  });
});
