import { closeSync, constants, createReadStream, openSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { execa } from "execa";

/** A path for a program that writes to a file: what it writes there is read at once, and never on a disk. */
export interface NamedPipe extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a named pipe that only this user can open, and reads it until it is disposed of and its last writer has closed it.
 * @param onLine receives each line; the last one may be cut off
 */
export async function openNamedPipe(onLine: (line: string) => void): Promise<NamedPipe> {
  const folder = await mkdtempDisposable(join(tmpdir(), "pipe-"));
  const path = join(folder.path, "pipe");
  await execa("mkfifo", [path]);
  const lines = createInterface({ input: createReadStream(path) }).on("line", onLine);
  const ended = new Promise((resolve) => lines.once("close", resolve));
  const dispose = async () => {
    // Opening for reading waits for a writer, which may never come; it may not even have begun.
    const interval = setInterval(() => stopWaiting(path), 10);
    await ended;
    clearInterval(interval);
    await folder.remove();
  };
  return { path, [Symbol.asyncDispose]: dispose };
}

/** Opens a pipe for writing, and closes it. */
function stopWaiting(path: string): void {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    // Nobody reads: the last writer has closed it.
  }
}
