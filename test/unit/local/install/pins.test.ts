import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { pinnedVersion } from "../../../../local/install/pins";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

describe("pins", () => {
  const folder = useTemporaryFolder();
  const files = [
    ["requirements.txt", "# other-tool==1.0.0\nother-tool==2.0.0\ntool==3.0.1 \\\n  --hash=sha256:0\n", "3.0.1"],
    ["go.mod", "module x\n\nrequire (\n\ttool v1.2.3 // indirect\n)\n", "1.2.3"],
    ["go.mod", "module x\n\nrequire tool v1.2.3\n", "1.2.3"],
    ["requirements.txt", "tool>=3\n", undefined],
    ["go.mod", "module x\n", undefined],
  ] as const;

  for (const [name, text, expected] of files) {
    it(`are read from ${name}: ${JSON.stringify(text)}`, () => {
      const file = join(folder(), name);
      writeFileSync(file, text);
      if (expected !== undefined) return assert.equal(pinnedVersion(folder(), "tool"), expected);
      assert.throws(() => pinnedVersion(folder(), "tool"), { message: `${file} does not pin tool to a version.` });
    });
  }
});
