import assert from "node:assert/strict";

import { pinnedVersion } from "../../../../local/install/pins";
import { useFiles } from "../../../helpers/folderOfFiles";

describe("pins", () => {
  const files = useFiles();
  const hashed = "# other-tool==1.0.0\nother-tool==2.0.0\ntool==3.0.1 \\\n  --hash=sha256:0\n";

  for (const [name, text, expected] of [
    ["requirements.txt", hashed, "3.0.1"],
    ["go.mod", "module x\n\nrequire (\n\ttool v1.2.3 // indirect\n)\n", "1.2.3"],
    ["go.mod", "module x\n\nrequire tool v1.2.3\n", "1.2.3"],
    ["requirements.txt", "tool>=3\n", undefined],
    ["go.mod", "module x\n", undefined],
  ] as const) {
    it(`are read from ${name}: ${JSON.stringify(text)}`, () => {
      const file = files.write(name, text);
      const read = () => pinnedVersion(files.path(), "tool");
      if (expected === undefined) assert.throws(read, { message: `${file} does not pin tool to a version.` });
      else assert.equal(read(), expected);
    });
  }
});
