import { renameSync, writeFileSync } from "node:fs";

/** Writes a file completely or not at all, whatever interrupts it: first under a name that no other process uses. */
export function writeWhole(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}.unfinished`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, file);
}
