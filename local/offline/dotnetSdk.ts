// The real .NET SDK, from a folder of this machine, because no package registry has it.
import { hash } from "node:crypto";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Platform } from "../../images/platform";
import { readVariable } from "../../lib/environmentVariables";
import { Fault, messageOf } from "../../lib/errors";
import pins from "./dotnet.json";

/** A folder with the SDK's archive, and `packages`: NuGet packages that programs restore. Undefined if there is none. */
export const dotnetFolder = () => readVariable("DOTNET_FOLDER");

/** Whether the folder has an SDK for the platform. */
export const hasSdk = (platform: Platform) => dotnetFolder() !== undefined && platform === "linux/amd64";

/**
 * Copies the SDK's archive: what the official image has in /usr/share/dotnet.
 * @throws {Fault} if the folder does not have this version, with the pinned checksum
 */
export async function copySdk(version: string, copy: string): Promise<void> {
  const name = `dotnet-sdk-${version}-linux-x64.tar.xz`;
  const archive = join(dotnetFolder() ?? "", name);
  const remedy = `Put the right file there, or unset DOTNET_FOLDER to build with a substitute.`;
  const content = await readFile(archive).catch((error: unknown) => {
    throw new Fault(`DOTNET_FOLDER should have the .NET SDK ${version}: ${messageOf(error)}. ${remedy}`);
  });
  const [sha256, pinned] = [hash("sha256", content), (pins as Record<string, string>)[name]];
  if (sha256 !== pinned) {
    const rule = `local/offline/dotnet.json pins ${pinned ?? "no checksum of that name"}`;
    throw new Fault(`${archive} has the SHA-256 checksum ${sha256}, but ${rule}. ${remedy}`);
  }
  await copyFile(archive, copy);
}
