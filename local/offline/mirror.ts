import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import * as semver from "semver";

import { type Platform, platforms } from "../../images/platform";
import { archiveName, checksumsName } from "../../images/pulumiRelease";
import { Fault } from "../../lib/errors";
import { inFolder } from "../folder";
import { type GoBuild, fingerprint, goBuild, goEnvironment, toolModule } from "../install/goBuild";

/** The folder of the mirror's files, with the names and the layout of Pulumi's own releases. */
export const mirrorFolder = inFolder("releases");

const modules = join(__dirname, "releases");
const sdk = "github.com/pulumi/pulumi/sdk/v3";
const pkg = "github.com/pulumi/pulumi/pkg/v3";

/** The scripts that a release contains beside compiled programs, by their path in the SDK's module. */
const scripts = [
  "nodejs/dist/pulumi-analyzer-policy",
  "nodejs/dist/pulumi-resource-pulumi-nodejs",
  "python/dist/pulumi-analyzer-policy-python",
  "python/dist/pulumi-resource-pulumi-python",
  "python/cmd/pulumi-language-python-exec",
];

/** The folder of the go.mod from which a version of Pulumi is built. */
export function releaseModule(version: string): string {
  return join(modules, `v${version}`);
}

/** The versions that the mirror can build, oldest first. */
export function mirroredVersions(): string[] {
  return semver.sort(readdirSync(modules).map((name) => name.replace(/^v/, "")));
}

/**
 * @param reason why Pulumi's own releases are not used, if it is known
 * @throws {Fault} if the mirror cannot build this version
 */
export function requireMirrored(version: string, reason?: string): void {
  const known = mirroredVersions();
  if (known.includes(version)) return;
  const why = reason === undefined ? "" : ` (${reason})`;
  throw new Fault(
    `Pulumi ${version} is not in the local mirror, which replaces Pulumi's own releases here${why}. ` +
      `Release ${known.join(" or ")}, or add local/offline/releases/v${version}/go.mod.`,
  );
}

/**
 * Builds a release for these platforms from Pulumi's own modules, unless the mirror already has it.
 * @throws {Fault} if the mirror cannot build this version
 */
export async function ensureRelease(version: string, wanted: readonly Platform[]): Promise<void> {
  requireMirrored(version);
  await mkdir(mirrorFolder, { recursive: true });
  for (const platform of wanted) await ensureArchive(version, platform);
  await writeChecksums(version);
}

async function ensureArchive(version: string, platform: Platform): Promise<void> {
  const archive = join(mirrorFolder, archiveName(version, platform));
  const stamp = `${archive}.built-from`;
  const builds = [releaseBuild(version, platform), dotnetHostBuild(platform)];
  const wanted = builds.map(fingerprint).join("\n");
  if (existsSync(archive) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const work = inFolder("build", `v${version}-${platforms[platform].targetArch}`);
  const outputs = builds.map((_, index) => join(work, `programs-${index}`));
  for (const [index, build] of builds.entries()) await goBuild({ ...build, output: outputs[index] ?? "" });
  await assemble(releaseModule(version), outputs, archive);
  await rm(work, { recursive: true });
  await writeFile(stamp, wanted);
}

function releaseBuild(version: string, platform: Platform): Omit<GoBuild, "output"> {
  return {
    title: `Pulumi ${version}, ${platform}`,
    module: releaseModule(version),
    packages: [
      `${pkg}/cmd/pulumi`,
      `${sdk}/nodejs/cmd/pulumi-language-nodejs`,
      `${sdk}/python/cmd/pulumi-language-python`,
      `${sdk}/go/pulumi-language-go`,
      "github.com/pulumi/pulumi-java/pkg/cmd/pulumi-language-java",
      "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    ],
    variables: { [`${pkg}/version.Version`]: `v${version}` },
    architecture: platforms[platform].targetArch,
  };
}

/** All versions share one .NET host, the last one that was part of Pulumi's own modules. */
function dotnetHostBuild(platform: Platform): Omit<GoBuild, "output"> {
  return {
    title: `Pulumi .NET host, ${platform}`,
    module: toolModule("dotnet-host"),
    packages: [`${sdk}/dotnet/cmd/pulumi-language-dotnet`],
    architecture: platforms[platform].targetArch,
  };
}

/** Packs the programs and the scripts of the SDK's module into an archive like Pulumi's. */
async function assemble(module: string, programs: readonly string[], archive: string): Promise<void> {
  const release = join(programs[0] ?? "", "..", "pulumi");
  await rm(release, { recursive: true, force: true });
  await mkdir(release);
  const source = await goList(module, sdk, "{{.Dir}}");
  for (const folder of programs) {
    for (const file of await readdir(folder)) {
      if (file.startsWith("pulumi")) await copyFile(join(folder, file), join(release, file));
    }
  }
  for (const script of scripts) await copyFile(join(source, script), join(release, script.replace(/^.*\//, "")));
  await pack(release, archive, await goList(module, sdk, "{{.Time}}"));
}

async function goList(module: string, path: string, format: string): Promise<string> {
  return (await execa("go", ["list", "-m", "-f", format, path], { cwd: module, env: goEnvironment })).stdout;
}

/** Reproducible: the entries are sorted, without owners, and have the time of the release. */
async function pack(folder: string, archive: string, time: string): Promise<void> {
  const reproducible = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=0755", `--mtime=${time}`];
  const args = ["--create", "--use-compress-program=gzip -n", ...reproducible, `--file=${archive}.unfinished`];
  await execa("tar", [...args, "--directory", join(folder, ".."), "pulumi"]);
  await rename(`${archive}.unfinished`, archive);
}

/** Writes the checksum file as Pulumi names it, in the format of sha256sum. */
async function writeChecksums(version: string): Promise<void> {
  const archives = (await readdir(mirrorFolder)).filter((name) => name.startsWith(`pulumi-v${version}-`)).sort();
  const lines = archives
    .filter((name) => name.endsWith(".tar.gz"))
    .map(async (name) => {
      const sum = createHash("sha256").update(await readFile(join(mirrorFolder, name)));
      return `${sum.digest("hex")}  ${name}\n`;
    });
  await writeFile(join(mirrorFolder, checksumsName(version)), (await Promise.all(lines)).join(""));
}
