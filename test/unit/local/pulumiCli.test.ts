import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";

import { toolModule } from "../../../local/install/goBuild";
import { pinnedVersion } from "../../../local/install/pins";
import { isInstalled } from "../../../local/pulumiCli";
import { dependencies } from "../../../package.json";
import { readFile } from "../../helpers/checkoutFiles";
import { useFiles } from "../../helpers/folderOfFiles";

describe("the docker-build plugin", () => {
  const files = useFiles();

  it("is built in the version that the program uses", () => {
    const built = pinnedVersion(toolModule("builder"), "github.com/pulumi/pulumi-docker-build");
    assert.equal(built, dependencies["@pulumi/docker-build"]);
  });

  it("has that version in the recipes for derived images, whose test installs the one that is built", () => {
    const shown = [...readFile("docs/images.md").matchAll(/docker-build(?:==| )(\d[\d.]+)/g)];
    assert.deepEqual([...new Set(shown.map(([, version]) => version))], [dependencies["@pulumi/docker-build"]]);
  });

  it("is installed again if its installation was interrupted", () => {
    const plugin = "resource-docker-build-v1.0.0";
    mkdirSync(files.path(plugin));
    const states = [isInstalled(files.path(plugin))];
    for (const file of [`${plugin}/pulumi-resource-docker-build`, `${plugin}.partial`]) {
      files.write(file);
      states.push(isInstalled(files.path(plugin)));
    }
    assert.deepEqual(states, [false, true, false]);
  });
});
