import { cpSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";

import { execa } from "execa";

import { type CheckoutCopy, type Ended, language } from "./checkoutCopy";
import { type Fault, assertReached, describeFaults } from "./faults";

/**
 * Puts a folder of .local on a disk of its own, full but for some bytes.
 * @param keeps whether the disk has the folder's files; else it is empty
 */
function full(
  name: string,
  free: number,
  keeps: boolean,
  run: (copy: CheckoutCopy) => Promise<Ended>,
  says: RegExp,
): Fault {
  const away = `${name}.away`;
  return {
    strike: async (copy) => {
      assertReached(await copy.make("down"));
      const { stdout } = await execa("du", ["--summarize", "--bytes", copy.local(name)]);
      const size = (keeps ? Number.parseInt(stdout) * 1.1 : 0) + free + 1e6;
      renameSync(copy.local(name), copy.local(away));
      await execa("mkdir", [copy.local(name)]);
      await execa("mount", ["-t", "tmpfs", "-o", `size=${Math.ceil(size)}`, "tmpfs", copy.local(name)]);
      if (keeps) {
        cpSync(copy.local(away), copy.local(name), { recursive: true, verbatimSymlinks: true });
        const { bavail, bsize } = statfsSync(copy.local(name));
        writeFileSync(copy.local(name, "filler"), Buffer.alloc(Math.max(0, bavail * bsize - free)));
      }
      return run(copy);
    },
    says,
    exit: 2,
    passes: async (copy) => {
      assertReached(await copy.make("down"));
      await execa("umount", [copy.local(name)]);
      rmSync(copy.local(name), { recursive: true, force: true });
      renameSync(copy.local(away), copy.local(name));
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
  "the disk of BuildKit is full": full("buildkit", 30e6, false, buildAgain, isFull),
  "the disk of the registry is full": full(
    "registry",
    100_000,
    true,
    async (copy) => {
      await pushAgain(copy);
      return copy.up();
    },
    registryIsFull,
  ),
  "the disk of the registry is full, on a terminal": full(
    "registry",
    100_000,
    true,
    async (copy) => {
      await pushAgain(copy);
      return copy.onTerminal("up", { TAG: "v3.66.0", LANGUAGE: language });
    },
    registryIsFull,
  ),
  "the disk of the state is full": full("state", 0, true, (copy) => copy.up(), isFull),
});
