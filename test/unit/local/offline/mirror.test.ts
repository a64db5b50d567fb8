import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { mirroredVersions, releaseModule, requireMirrored } from "../../../../local/offline/mirror";
import { isFault } from "../../../helpers/isFault";

describe("the mirror", () => {
  it("builds each release from its own modules", () => {
    for (const version of mirroredVersions()) {
      const text = readFileSync(join(releaseModule(version), "go.mod"), "utf8");
      for (const module of ["pkg/v3", "sdk/v3"]) assert.ok(text.includes(`pulumi/pulumi/${module} v${version}`), text);
    }
  });

  it("refuses a version without a module, and names those that it has", () => {
    const message =
      "Pulumi 9.9.9 is not in the local mirror, which replaces Pulumi's own releases here. " +
      `Release ${mirroredVersions().join(" or ")}, or add local/offline/releases/v9.9.9/go.mod.`;
    assert.throws(() => requireMirrored("9.9.9"), isFault(message));
  });
});
