import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { toolModule } from "../../../local/install/goBuild";
import { pinnedVersion } from "../../../local/install/pins";
import { isInstalled } from "../../../local/pulumiCli";
import { dependencies } from "../../../package.json";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";

describe("the docker-build plugin", () => {
  const folder = useTemporaryFolder();

  it("is built in the version that the program uses", () =>
    assert.equal(
      pinnedVersion(toolModule("builder"), "github.com/pulumi/pulumi-docker-build"),
      dependencies["@pulumi/docker-build"],
    ));

  it("is installed again if its installation was interrupted", () => {
    const plugin = join(folder(), "resource-docker-build-v1.0.0");
    mkdirSync(plugin);
    const states = [isInstalled(plugin)];
    for (const file of [join(plugin, "pulumi-resource-docker-build"), `${plugin}.partial`]) {
      writeFileSync(file, "");
      states.push(isInstalled(plugin));
    }
    assert.deepEqual(states, [false, true, false]);
  });
});
