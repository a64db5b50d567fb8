// NuGet packages for smoke tests and contracts, because a network without .NET's images has no NuGet registry either.
import { hash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { runStep } from "../../lib/runStep";
import { inFolder } from "../folder";
import { fillFolderOnce } from "../install/fillFolder";
import type { SubstituteBuilder } from "./buildSubstitute";
import pins from "./dotnet.json";
import { dotnetFolder } from "./dotnetSdk";

/** The folder of the packages. It exists if the real SDK has been set up. */
export const nugetPackages = inFolder("nuget-packages");
const sources = join(__dirname, "nuget");

/**
 * Fills the folder with the packages of DOTNET_FOLDER, and with substitutes for Pulumi's, which the real SDK packs.
 * @param sdk the build context of the image with the SDK
 */
export async function ensureNugetPackages(sdk: string, { client }: Pick<SubstituteBuilder, "client">): Promise<void> {
  const packages = join(dotnetFolder() ?? "", "packages");
  await fillFolderOnce(nugetPackages, fingerprint(packages), (output) =>
    runStep("NuGet packages", "packing substitutes for Pulumi's", async () => {
      const named = { dotnet: { location: sdk }, packages: { location: packages } };
      const build = { platform: "linux/amd64", inputs: { context: { location: sources, named } } };
      const [program = "", ...args] = client.command(build, sources, `type=local,dest=${output}`);
      await execa(program, args, { env: client.env });
    }),
  );
}

/** Everything that decides what the folder contains. @throws {Fault} if DOTNET_FOLDER has no packages */
function fingerprint(packages: string): string {
  const published = readFolder(packages).filter((file) => file.endsWith(".nupkg"));
  if (published.length === 0) {
    throw new Fault(
      `${packages} has no NuGet packages, which .NET programs restore. Put them there, or unset DOTNET_FOLDER.`,
    );
  }
  const own = readFolder(sources).map((file) => [file, readFileSync(join(sources, file), "utf8")]);
  return hash("sha256", JSON.stringify([pins, published, own]));
}

function readFolder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((file) => statSync(join(folder, file)).isFile()).sort();
}
