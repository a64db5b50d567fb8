import { cpSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { cacheOf } from "../../local/folder";
import { type CheckoutCopy, type Ended, language } from "./checkoutCopy";
import { type Fault, assertReached, describeFaults } from "./faults";

/** Files that take the space of a disk. */
const fillers = ["filler", "more"];

/**
 * Puts a folder on a disk of its own, full but for some bytes.
 * @param pathOf the folder's path in a copy
 * @param keeps whether the disk has the folder's files; else it is empty
 */
function full(
  pathOf: (copy: CheckoutCopy) => string,
  free: number,
  keeps: boolean,
  run: (copy: CheckoutCopy) => Promise<Ended>,
  says: RegExp,
): Fault {
  return {
    strike: async (copy) => {
      const path = pathOf(copy);
      const away = `${path}.away`;
      assertReached(await copy.make("down"));
      const { stdout } = await execa("du", ["--summarize", "--bytes", path]);
      const size = (keeps ? Number.parseInt(stdout) * 1.1 : 0) + free + 1e6;
      renameSync(path, away);
      await execa("mkdir", [path]);
      await execa("mount", ["-t", "tmpfs", "-o", `size=${Math.ceil(size)}`, "tmpfs", path]);
      if (keeps) {
        cpSync(away, path, { recursive: true, verbatimSymlinks: true });
        const { bavail, bsize } = statfsSync(path);
        writeFileSync(join(path, "filler"), Buffer.alloc(Math.max(0, bavail * bsize - free)));
      }
      rmSync(away, { recursive: true });
      return run(copy);
    },
    says,
    exit: 2,
    // Space is freed. What the fault left on the disk stays there.
    passes: async (copy) => {
      for (const name of fillers) rmSync(join(pathOf(copy), name), { force: true });
      await execa("mount", ["-o", "remount,size=8g", pathOf(copy)]);
    },
    afterwards: async (copy) => {
      const path = pathOf(copy);
      assertReached(await copy.make("down"));
      await execa("cp", ["--archive", path, `${path}.kept`]);
      await execa("umount", [path]);
      rmSync(path, { recursive: true });
      renameSync(`${path}.kept`, path);
    },
  };
}

/** Loses the last layer of the image, so that the next release must build and push it. */
async function loseLayer(copy: CheckoutCopy): Promise<void> {
  assertReached(await copy.make("pulumi", { ARGS: "version" }));
  const manifest = await copy.client.manifest("v3.66.0");
  rmSync(copy.blobFile(manifest?.layers?.at(-1)?.digest ?? ""));
}

async function buildAgain(copy: CheckoutCopy): Promise<Ended> {
  await loseLayer(copy);
  return copy.up();
}

/** Loses the layer, and leaves the registry less space than the push needs. */
async function pushAgain(copy: CheckoutCopy): Promise<void> {
  await loseLayer(copy);
  const { bavail, bsize } = statfsSync(copy.local("registry"));
  writeFileSync(copy.local("registry", "more"), Buffer.alloc(Math.max(0, bavail * bsize - 20_000)));
}

const isFull =
  /A disk is full: that of BuildKit, of the registry or of \.local\. Free some space, then run the same command again\./;

const registryIsFull =
  /No tag has moved: .*\s+The registry's disk is full: \S+\.local\/registry\. Free some space there, then run the same command again\./;

describeFaults("full disks", {
  "the disk of BuildKit is full": full(
    (copy) => join(cacheOf(copy.local()), "buildkit"),
    30e6,
    false,
    buildAgain,
    isFull,
  ),
  "the disk of the registry is full": full(
    (copy) => copy.local("registry"),
    100_000,
    true,
    async (copy) => {
      await pushAgain(copy);
      return copy.up();
    },
    registryIsFull,
  ),
  "the disk of the registry is full, on a terminal": full(
    (copy) => copy.local("registry"),
    100_000,
    true,
    async (copy) => {
      await pushAgain(copy);
      return copy.onTerminal("up", { TAG: "v3.66.0", LANGUAGE: language });
    },
    registryIsFull,
  ),
  "the disk of .local is read-only": {
    strike: async (copy) => {
      await execa("mount", ["--bind", copy.local(), copy.local()]);
      await execa("mount", ["-o", "remount,bind,ro", copy.local()]);
      return copy.up();
    },
    says: /\S+\.local is not writable \(EROFS\)\. Free some disk space, or clone the repository to a writable folder\./,
    exit: 2,
    passes: (copy) => execa("umount", [copy.local()]),
  },
  "the disk of the state is full": full(
    (copy) => copy.local("state"),
    0,
    true,
    (copy) => copy.up(),
    isFull,
  ),
});
