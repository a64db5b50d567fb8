import assert from "node:assert/strict";

import { useFiles } from "../../helpers/folderOfFiles";
import { failuresOfRegistries } from "../../helpers/registryLogs";

describe("failuresOfRegistries", () => {
  const files = useFiles();
  const line = (time: string, detail: string) =>
    `time="${time}" level=error err.detail="${detail}" http.response.status=500 http.response.written=1`;

  it("lists those of all registries below a folder since a time", () => {
    const lines = [line("2026-11-26T20:31:25.1Z", "too old"), "127.0.0.1 - -", line("2026-11-26T20:31:26.1Z", "new")];
    for (const name of ["registry.log", "tests/run-a/registry.log", "buildkit.log"])
      files.write(name, lines.join("\n"));
    const expected = ["registry.log: new", "tests/run-a/registry.log: new"];
    assert.deepEqual(failuresOfRegistries(new Date("2026-11-26T20:31:26Z"), files.path()).sort(), expected);
  });
});
