import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { pinnedVersion, requiredVersion } from "../../../../local/install/pins";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

describe("pins", () => {
  const folder = useTemporaryFolder();

  it("are read from a requirements.txt", () => {
    const file = join(folder(), "requirements.txt");
    writeFileSync(file, "# other-tool==1.0.0\nother-tool==2.0.0\ntool==3.0.1 \\\n  --hash=sha256:0\n");
    assert.equal(requiredVersion("tool", file), "3.0.1");
  });

  it("are read from a go.mod", () => {
    writeFileSync(join(folder(), "go.mod"), "module x\n\nrequire (\n\texample.com/tool v1.2.3 // indirect\n)\n");
    assert.equal(pinnedVersion(folder(), "example.com/tool"), "1.2.3");
  });

  it("are missing if a file leaves the version open", () => {
    const file = join(folder(), "requirements.txt");
    writeFileSync(file, "tool>=3\n");
    assert.throws(() => requiredVersion("tool", file), { message: `${file} does not require tool==X.Y.Z.` });
    writeFileSync(join(folder(), "go.mod"), "module x\n");
    assert.throws(() => pinnedVersion(folder(), "example.com/tool"), {
      message: `${join(folder(), "go.mod")} does not require example.com/tool vX.Y.Z.`,
    });
  });
});
