import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { useTemporaryFolder } from "./temporaryFolder";

/** Creates an empty folder before each test of a suite, and removes it afterwards. Names are relative to it. */
export function useFiles() {
  const folder = useTemporaryFolder();
  const path = (...names: readonly string[]) => join(folder(), ...names);

  /** Writes a file, creates its folder, and returns its path. */
  function write(name: string, text = "", mode?: number): string {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text, { mode });
    return path(name);
  }

  /** Writes a shell script. Returns the environment variable with which it is found before other programs. */
  function writeProgram(name: string, script: string): { readonly PATH: string } {
    write(name, `#!/bin/sh\n${script}\n`, 0o755);
    return { PATH: [folder(), process.env["PATH"]].join(delimiter) };
  }

  return { path, write, writeProgram, read: (name: string) => readFileSync(path(name), "utf8") };
}
