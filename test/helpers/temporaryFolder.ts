import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Creates an empty folder before each test of a suite, and removes it afterwards.
 * @returns a function that returns its path
 */
export function useTemporaryFolder(): () => string {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "runner-pulumi-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  return () => folder;
}
