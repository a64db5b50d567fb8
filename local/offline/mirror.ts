import { hash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { execa } from "execa";
import * as semver from "semver";

import { type Platform, platforms } from "../../images/platform";
import { archiveName, checksumsName } from "../../images/pulumiRelease";
import { Fault } from "../../lib/errors";
import { readJson, writeJson } from "../../lib/json";
import { log } from "../../lib/log";
import { type Step, runStep } from "../../lib/runStep";
import { writeWhole } from "../../lib/writeWhole";
import { folder, inFolder } from "../folder";
import { type GoBuild, fingerprint, goBuild, goEnvironment, toolModule } from "../install/goBuild";
import { answers, ensureDaemon, whenPortTaken } from "../native/daemon";
import { portOf } from "../native/ports";

/** The folder that the mirror serves, with the names and the layout of Pulumi's own releases. */
const mirrorFolder = inFolder("releases");
const modules = join(__dirname, "releases");
const sdk = "github.com/pulumi/pulumi/sdk/v3";
const pkg = "github.com/pulumi/pulumi/pkg/v3";

/** How an archive was built, and its checksum right after that: one of the file as it is now would also fit a damaged file. */
interface Stamp {
  readonly inputs: string;
  readonly sha256: string;
}

/** The scripts that a release contains beside compiled programs, by their path in the SDK's module. */
const scripts = [
  "nodejs/dist/pulumi-analyzer-policy",
  "nodejs/dist/pulumi-resource-pulumi-nodejs",
  "python/dist/pulumi-analyzer-policy-python",
  "python/dist/pulumi-resource-pulumi-python",
  "python/cmd/pulumi-language-python-exec",
];

/** The folder of the go.mod from which a version of Pulumi is built. */
export const releaseModule = (version: string) => join(modules, `v${version}`);
/** The versions that the mirror can build, oldest first. */
export const mirroredVersions = () => semver.sort(readdirSync(modules).map((name) => name.replace(/^v/, "")));

/** Checks that the mirror can build a version. The reason, if known, is why Pulumi's own releases are not used. */
export function requireMirrored(version: string, reason?: string): void {
  const known = mirroredVersions();
  if (known.includes(version)) return;
  const why = reason === undefined ? "" : ` (${reason})`;
  throw new Fault(
    `Pulumi ${version} is not in the local mirror, which replaces Pulumi's own releases here${why}. ` +
      `Release ${known.join(" or ")}, or add local/offline/releases/v${version}/go.mod.`,
  );
}

/** Starts the web server of the mirror on an address of this machine. Returns its URL. */
export async function serveMirror(host: string): Promise<string> {
  if (process.platform !== "linux") {
    throw new Fault(
      "Pulumi's releases cannot be downloaded, and are built only on Linux. Check the network, then retry.",
    );
  }
  mkdirSync(mirrorFolder, { recursive: true });
  const port = await portOf("mirror", folder, "MIRROR_PORT");
  const address = `http://${host}:${port}`;
  const server = [join(__dirname, "fileServer.ts"), mirrorFolder, String(port), host];
  const daemon = {
    name: "mirror",
    command: process.execPath,
    args: ["--require", "ts-node/register/transpile-only", ...server],
    address,
    whenTaken: whenPortTaken("MIRROR_PORT"),
    isHealthy: () => answers(`${address}/`),
  };
  await ensureDaemon(daemon, folder);
  return address;
}

/** Builds a release for these platforms from Pulumi's own modules, unless the mirror has it as it was built. */
export async function ensureRelease(version: string, wanted: readonly Platform[]): Promise<void> {
  requireMirrored(version);
  await mkdir(mirrorFolder, { recursive: true });
  for (const platform of wanted) {
    const text = `${version} for ${platform}, built from Pulumi's modules`;
    await runStep("Pulumi release", text, (step) => {
      step.done = text;
      return ensureArchive(version, platform, step);
    });
  }
  writeChecksums(version);
}

async function ensureArchive(version: string, platform: Platform, step: Step): Promise<void> {
  const archive = join(mirrorFolder, archiveName(version, platform));
  const builds = programsOf(version, platform);
  const inputs = builds.map(fingerprint).join("\n");
  if (isAsBuilt(archive, inputs)) return;
  const work = inFolder("build", `v${version}-${platforms[platform].targetArch}`);
  const release = join(work, "pulumi");
  await rm(release, { recursive: true, force: true });
  await mkdir(release, { recursive: true });
  for (const [index, build] of builds.entries()) {
    const output = join(work, `programs-${index}`);
    await goBuild({ ...build, output }, step);
    const programs = (await readdir(output)).filter((name) => name.startsWith("pulumi"));
    for (const name of programs) await copyFile(join(output, name), join(release, name));
  }
  // The SDK's module has the scripts, and the time of the release.
  const list = ["list", "-m", "-f", "{{.Dir}}\n{{.Time}}", sdk];
  const { stdout } = await execa("go", list, { cwd: releaseModule(version), env: goEnvironment });
  const [source = "", time = ""] = stdout.split("\n");
  for (const script of scripts) await copyFile(join(source, script), join(release, basename(script)));
  await pack(release, archive, time);
  await rm(work, { recursive: true });
  writeJson(stampOf(archive), { inputs, sha256: sha256Of(archive) } satisfies Stamp);
}

const stampOf = (archive: string) => `${archive}.built-from`;
const sha256Of = (file: string) => hash("sha256", readFileSync(file));

function isAsBuilt(archive: string, inputs: string): boolean {
  const stamp = readJson<Stamp>(stampOf(archive));
  if (!existsSync(archive) || stamp?.inputs !== inputs) return false;
  if (stamp.sha256 === sha256Of(archive)) return true;
  log("Pulumi releases", `${archive} has changed since it was built: it is built again`);
  return false;
}

/** The programs of a release. All versions share one .NET host, the last one that was part of Pulumi's own modules. */
function programsOf(version: string, platform: Platform): Omit<GoBuild, "output">[] {
  const architecture = platforms[platform].targetArch;
  return [
    {
      title: `Pulumi ${version}, ${platform}`,
      minutes: 3,
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
      architecture,
    },
    {
      title: `Pulumi .NET host, ${platform}`,
      minutes: 1,
      module: toolModule("dotnet-host"),
      packages: [`${sdk}/dotnet/cmd/pulumi-language-dotnet`],
      architecture,
    },
  ];
}

/** Packs a folder reproducibly: the entries are sorted, without owners, and have the time of the release. */
async function pack(folder: string, archive: string, time: string): Promise<void> {
  const reproducible = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=0755", `--mtime=${time}`];
  const args = ["--create", "--use-compress-program=gzip -n", ...reproducible, `--file=${archive}.unfinished`];
  await execa("tar", [...args, "--directory", dirname(folder), basename(folder)]);
  await rename(`${archive}.unfinished`, archive);
}

/** Writes the checksum file as Pulumi names it, in the format of sha256sum. */
function writeChecksums(version: string): void {
  const files = readdirSync(mirrorFolder).sort();
  const archives = files.filter((name) => name.startsWith(`pulumi-v${version}-`) && name.endsWith(".tar.gz"));
  const lines = archives.flatMap((name) => {
    const stamp = readJson<Stamp>(stampOf(join(mirrorFolder, name)));
    return stamp === undefined ? [] : `${stamp.sha256}  ${name}\n`;
  });
  writeWhole(join(mirrorFolder, checksumsName(version)), lines.join(""));
}
