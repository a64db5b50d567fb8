import assert from "node:assert/strict";
import { rmSync } from "node:fs";

import { listShellScripts, listWorkflows } from "../../../../local/lint/lint";
import { useFiles } from "../../../helpers/folderOfFiles";
import { git } from "../../../helpers/scratchRepository";

describe("linted files", () => {
  const files = useFiles();

  it("are the workflows, in a fixed order", () => {
    for (const name of ["b.yaml", "a.yml", "notes.md"]) files.write(`.github/workflows/${name}`);
    assert.deepEqual(listWorkflows(files.path()), [".github/workflows/a.yml", ".github/workflows/b.yaml"]);
  });

  it("are the shell scripts that git tracks, whatever their names", async () => {
    const tracked = {
      "scripts/apt install": "#!/bin/sh\n",
      run: "#!/usr/bin/env bash\n",
      bash: "#!/bin/bash -eu\n",
      "main.py": "#!/usr/bin/env python3\n",
      fish: "#!/usr/bin/fish\n",
      "no-shebang.sh": "echo\n",
      removed: "#!/bin/sh\n",
      empty: "",
    };
    for (const [path, text] of Object.entries(tracked)) files.write(path, text);
    await git(files.path(), "init", "--quiet");
    await git(files.path(), "add", "--all");
    rmSync(files.path("removed"));
    files.write("untracked", "#!/bin/sh\n");
    assert.deepEqual(await listShellScripts(files.path()), ["bash", "run", "scripts/apt install"]);
  });
});
