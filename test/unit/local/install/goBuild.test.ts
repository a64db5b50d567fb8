import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { fingerprint, goBuild } from "../../../../local/install/goBuild";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";
import { withEnvironment } from "../../../helpers/withEnvironment";

describe("goBuild", () => {
  const folder = useTemporaryFolder();

  it("builds again if any input has changed, and asks for Go only then", async () => {
    const [module, output] = [join(folder(), "module"), join(folder(), "programs")];
    for (const each of [module, output]) mkdirSync(each);
    writeFileSync(join(module, "go.mod"), "module x\n");
    const build = { title: "x", module, packages: ["a"], output };
    writeFileSync(join(output, ".built-from"), fingerprint(build));
    const message = "Go is not on PATH and is needed to build x. Install Go (https://go.dev/dl) and retry.";
    await withEnvironment({ PATH: folder() }, async () => {
      await goBuild(build);
      await goBuild({ ...build, title: "y" });
      for (const change of [{ packages: ["b"] }, { variables: { v: "1" } }, { architecture: "arm64" }]) {
        await assert.rejects(goBuild({ ...build, ...change }), { message });
      }
      writeFileSync(join(module, "go.sum"), "changed");
      await assert.rejects(goBuild(build), { message });
    });
  });
});
