import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { ExecaError, execa } from "execa";

import type { Platform } from "../../images/platform";
import { Fault } from "../../lib/errors";
import { fillFolder } from "../../local/install/fillFolder";
import type { BoxConfig } from "./box";

/** A BuildKit, by its client and its address. */
export interface BuildKit {
  readonly buildctl: string;
  readonly address: string;
}

/** An image as files. */
export interface UnpackedImage {
  readonly config: BoxConfig;
  /** The folder of its root file system, which all its containers share. */
  readonly files: string;
}

/**
 * Pulls an image with BuildKit, which accepts every reference that a Dockerfile does, and unpacks it. Images that were
 * used in the last 24 hours stay in the parent folder.
 * @throws {Fault} if it cannot be pulled, or is not for the platform
 */
export async function unpackImage(
  buildKit: BuildKit,
  { reference, platform }: { readonly reference: string; readonly platform: Platform },
  parent: string,
): Promise<UnpackedImage> {
  if (!/^[\w[][\w.:/@[\]-]*$/.test(reference)) {
    throw new Fault(`IMAGE ${JSON.stringify(reference)} is not a reference. Use one such as debian:trixie.`);
  }
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "pull-"));
  try {
    await writeFile(join(folder, "Dockerfile"), `FROM ${reference}\n`);
    const options = ["--frontend=dockerfile.v0", `--local=dockerfile=${folder}`, `--opt=platform=${platform}`];
    const args = ["--addr", buildKit.address, "--timeout=60", "build", "--progress=plain", ...options];
    const output = `--output=type=oci,tar=false,dest=${join(folder, "layout")}`;
    const { stderr } = await execa(buildKit.buildctl, [...args, output]);
    // BuildKit accepts an image of another platform, warns, and writes the wanted platform into the config.
    const [, found] = /was pulled with platform "([^"]+)"/.exec(stderr) ?? [];
    if (found !== undefined) throw new Fault(`${reference} is for ${found} alone, not ${platform}. Change PLATFORM.`);
    const { digest, config } = await readLayout(join(folder, "layout"));
    const files = join(parent, digest.slice(0, 12));
    if (!existsSync(files)) {
      // By number, because this machine has other users.
      const tar = ["--extract", "--numeric-owner", "--preserve-permissions"];
      await fillFolder(files, (unfinished) =>
        // Together: what the first prints before it is piped is lost.
        execa(buildKit.buildctl, [...args, "--output=type=tar,dest=-"], { buffer: { stdout: false } }).pipe("tar", [
          ...tar,
          `--directory=${unfinished}`,
        ]),
      );
    }
    await utimes(files, new Date(), new Date());
    await removeOld(parent);
    return { config, files };
  } catch (error) {
    throw error instanceof ExecaError ? explain(error, reference, platform) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads the only image of a layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
async function readLayout(layout: string) {
  const read = async <T>(file: string) => JSON.parse(await readFile(join(layout, file), "utf8")) as T;
  const hexOf = (digest = "") => digest.replace(/^sha256:/, "");
  const blob = <T>(digest: string) => read<T>(join("blobs", "sha256", digest));
  const { manifests } = await read<{ manifests: { digest: string }[] }>("index.json");
  const manifest = await blob<{ config: { digest: string } }>(hexOf(manifests[0]?.digest));
  const digest = hexOf(manifest.config.digest);
  const { config = {} } = await blob<{ config?: BoxConfig }>(digest);
  return { digest, config };
}

/** Removes what was last used more than 24 hours ago. */
async function removeOld(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    // Another process may remove its own meanwhile.
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 24 * 3_600_000) await rm(path, { recursive: true, force: true });
  }
}

function explain(error: ExecaError, reference: string, platform: Platform): Fault {
  const output = String(error.stderr);
  if (/no match for platform/.test(output)) {
    return new Fault(`${reference} has no image for ${platform}. Set PLATFORM to one that it has.`);
  }
  // The last line is BuildKit's error, after the steps that lead to it.
  const reason = output.trim().split("\n").at(-1) ?? error.shortMessage;
  return new Fault(
    `${reference} cannot be pulled for ${platform}: ${reason}\n` +
      `Check its spelling, and that this machine reaches its registry and is logged in there.`,
  );
}
