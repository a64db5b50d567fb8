import assert from "node:assert/strict";
import { dirname } from "node:path";

import { fingerprint, goBuild } from "../../../../local/install/goBuild";
import { useFiles } from "../../../helpers/folderOfFiles";
import { withEnvironment } from "../../../helpers/withEnvironment";

describe("goBuild", () => {
  const files = useFiles();

  it("builds again if any input has changed, and asks for Go only then", async () => {
    const module = dirname(files.write("module/go.mod", "module x\n"));
    const build = { title: "x", module, packages: ["a"], output: files.path("programs") };
    files.write("programs/.built-from", fingerprint(build));
    const message = "Go is not on PATH and is needed to build x. Install Go (https://go.dev/dl) and retry.";
    await withEnvironment({ PATH: files.path() }, async () => {
      await goBuild(build);
      await goBuild({ ...build, title: "y" });
      for (const change of [{ packages: ["b"] }, { variables: { v: "1" } }, { architecture: "arm64" }]) {
        await assert.rejects(goBuild({ ...build, ...change }), { message });
      }
      files.write("module/go.sum", "changed");
      await assert.rejects(goBuild(build), { message });
    });
  });
});
