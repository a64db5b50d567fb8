import assert from "node:assert/strict";

import { Origin } from "../../../../commands/watch/origin";
import { Clone } from "../../../../lib/git";
import { ScratchRepository } from "../../../helpers/scratchRepository";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

describe("Origin.languages", () => {
  const folder = useTemporaryFolder();

  const old = {
    "dockerfiles/base.Dockerfile": "",
    "dockerfiles/golang.Dockerfile": "",
    "dockerfiles/java.Dockerfile": "",
    "dockerfiles/context/.dockerignore": "",
  };
  const today = {
    "dockerfiles/base.Dockerfile": "",
    "dockerfiles/scripts/settle": "",
    "dockerfiles/golang/Dockerfile": "",
    "dockerfiles/golang/smoke/main.go": "",
    "dockerfiles/rust/Dockerfile": "",
    "dockerfiles/rust/smoke/Dockerfile": "",
  };
  const removed = Object.fromEntries(Object.keys(old).map((path) => [path, undefined]));

  it("reads a folder a language, and the files that older commits have", async () => {
    const repository = await ScratchRepository.create(folder());
    await repository.pushTag("v3.259.0", await repository.commit("Old layout", old));
    const origin = new Origin(new Clone(repository.clone));
    await origin.fetchMain();
    await origin.fetchTags();
    assert.deepEqual(await origin.languages("v3.259.0"), ["golang", "java"]);
    await repository.pushTag("v3.260.0", await repository.commit("New layout", { ...removed, ...today }));
    await origin.fetchMain();
    await origin.fetchTags();
    assert.deepEqual(await origin.languages("v3.259.0"), ["golang"]);
    assert.deepEqual(await origin.languages("v3.260.0"), ["golang", "rust"]);
  });
});
