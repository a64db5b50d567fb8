import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { execa } from "execa";

import { listShellScripts, listWorkflows } from "../../../../local/lint/lint";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

describe("linted files", () => {
  const folder = useTemporaryFolder();
  const write = (path: string, text = "") => {
    mkdirSync(dirname(join(folder(), path)), { recursive: true });
    writeFileSync(join(folder(), path), text);
  };

  it("are the workflows, in a fixed order", () => {
    for (const name of ["b.yaml", "a.yml", "notes.md"]) write(`.github/workflows/${name}`);
    assert.deepEqual(listWorkflows(folder()), [".github/workflows/a.yml", ".github/workflows/b.yaml"]);
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
    for (const [path, text] of Object.entries(tracked)) write(path, text);
    await execa("git", ["init", "--quiet"], { cwd: folder() });
    await execa("git", ["add", "--all"], { cwd: folder() });
    rmSync(join(folder(), "removed"));
    write("untracked", "#!/bin/sh\n");
    assert.deepEqual(await listShellScripts(folder()), ["bash", "run", "scripts/apt install"]);
  });
});
