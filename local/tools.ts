import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { execa } from "execa";
import * as semver from "semver";

import type { Platform } from "../images/platform";
import { archiveName, getPulumiRelease } from "../images/pulumiRelease";
import { Fault } from "./fault";
import { inFolder } from "./folder";
import { goBuild } from "./goModule";
import { say, withProgress } from "./say";

/** Where Pulumi publishes its releases. */
export const officialReleases = "https://get.pulumi.com/releases/sdk";

/** The machine's own platform. Throws a Fault when images cannot be built on it. */
export function ownPlatform(): Platform {
  if (process.platform === "linux" && arch() === "x64") return "linux/amd64";
  if (process.platform === "linux" && arch() === "arm64") return "linux/arm64";
  throw new Fault(
    `BuildKit runs as a process on linux/amd64 and linux/arm64, not on ${process.platform}/${arch()}. ` +
      `Use such a machine or a virtual one.`,
  );
}

/** The version of a module that a go.mod of this folder requires, without its `v`. */
export function pinnedVersion(tool: string, module: string): string {
  const text = readFileSync(join(__dirname, "tools", tool, "go.mod"), "utf8");
  const version = new RegExp(`${module} v(\\S+)`).exec(text)?.[1];
  if (version === undefined) throw new Error(`local/tools/${tool}/go.mod does not require ${module}.`);
  return version;
}

const sdk = "github.com/pulumi/pulumi/sdk/v3";
const pkg = "github.com/pulumi/pulumi/pkg/v3";
const dockerBuild = "github.com/pulumi/pulumi-docker-build";
const part = "Pulumi CLI";

/** What the CLI must be able to do: flags by environment variable, and config schemas. */
const oldestUsable = "3.220.0";

/**
 * Finds a Pulumi CLI with its Node.js host: on PATH, else the official download, else built from Go modules. Gives the
 * folders that belong on PATH.
 */
export async function ensurePulumi(): Promise<string[]> {
  const onPath = await usablePulumiOnPath();
  if (onPath.version !== undefined) {
    say(part, `${onPath.version}, on PATH`);
    return [];
  }
  const version = pinnedVersion("pulumi", pkg);
  const downloaded = inFolder("tools", `pulumi-${version}-downloaded`);
  if (existsSync(downloaded)) {
    say(part, `${version}, downloaded into .local`);
    return [downloaded];
  }
  const built = inFolder("tools", `pulumi-${version}`);
  if (!existsSync(built)) {
    const fault = await downloadPulumi(version, downloaded, officialReleases).then(() => undefined, String);
    if (fault === undefined) return [downloaded];
    say(part, `${onPath.reason}, and no download: ${fault}`);
  }
  await buildPulumi(version, built);
  say(part, `${version}, built in .local`);
  return [built];
}

async function usablePulumiOnPath(): Promise<{ version?: string; reason?: string }> {
  const { failed, stdout } = await execa("pulumi", ["version"], { reject: false });
  if (failed) return { reason: "none on PATH" };
  const version = semver.clean(stdout) ?? "0.0.0";
  if (semver.lt(version, oldestUsable)) return { reason: `${version} on PATH is older than ${oldestUsable}` };
  const host = findOnPath("pulumi-language-nodejs");
  return host === undefined ? { reason: `${version} on PATH is without pulumi-language-nodejs` } : { version };
}

/** The program's path, or undefined where it is not on PATH. */
export function findOnPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** Downloads a release of Pulumi, checks its SHA-256 and unpacks it. Throws an Error when one of them fails. */
export async function downloadPulumi(version: string, folder: string, url: string): Promise<void> {
  const platform = ownPlatform();
  const release = await getPulumiRelease(version, [platform], url);
  const archive = archiveName(version, platform);
  await withProgress(part, `downloading ${version} from ${url}`, async () => {
    const response = await fetch(`${url}/${archive}`);
    if (!response.ok) throw new Error(`${url}/${archive} answers ${response.status}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const sum = createHash("sha256").update(bytes).digest("hex");
    if (sum !== release.sha256[platform]) {
      throw new Error(`${archive} has the SHA-256 ${sum}, and Pulumi published ${release.sha256[platform]}`);
    }
    await mkdir(`${folder}.new`, { recursive: true });
    await execa("tar", ["--extract", "--gzip", "--strip-components=1", `--directory=${folder}.new`], { input: bytes });
    await rename(`${folder}.new`, folder);
  });
}

async function buildPulumi(version: string, output: string): Promise<void> {
  await goBuild({
    title: `Pulumi CLI ${version}`,
    module: join(__dirname, "tools", "pulumi"),
    packages: [`${pkg}/cmd/pulumi`],
    variables: { [`${sdk}/go/common/version.Version`]: `v${version}` },
    output,
  });
  // The newest release whose Node.js host is a package of a module that the Go proxy has.
  await goBuild({
    title: "Pulumi Node.js host",
    module: join(__dirname, "releases", "v3.66.0"),
    packages: [`${sdk}/nodejs/cmd/pulumi-language-nodejs`],
    output: inFolder("tools", "nodejs-host"),
  });
  // Beside the CLI, where it looks for it first.
  await cp(inFolder("tools", "nodejs-host", "pulumi-language-nodejs"), join(output, "pulumi-language-nodejs"));
}

/** Installs the docker-build plugin into PULUMI_HOME: the ordinary way, else built from Go modules. */
export async function ensurePlugin(env: NodeJS.ProcessEnv): Promise<void> {
  const version = pinnedVersion("builder", dockerBuild);
  const title = "docker-build plugin";
  const folder = inFolder("pulumi", "plugins", `resource-docker-build-v${version}`);
  if (existsSync(join(folder, "pulumi-resource-docker-build"))) {
    say(title, `${version}, in .local`);
    return;
  }
  const install = await execa("pulumi", ["plugin", "install", "resource", "docker-build", version], {
    env,
    reject: false,
    all: true,
  });
  if (!install.failed) {
    say(title, `${version}, installed by pulumi plugin install`);
    return;
  }
  say(title, `no download: ${install.all.split("\n").at(-1) ?? install.shortMessage}`);
  await goBuild({
    title,
    module: join(__dirname, "tools", "builder"),
    packages: [`${dockerBuild}/provider/cmd/pulumi-resource-docker-build`],
    variables: { [`${dockerBuild}/provider.Version`]: version },
    output: folder,
  });
}

/** The programs that build images and keep them, by name. */
export interface BuilderTools {
  readonly buildkitd: string;
  readonly buildctl: string;
  readonly registry: string;
  readonly runc: string;
}

/** Finds runc, and builds BuildKit and the registry from Go modules. */
export async function ensureBuilderTools(): Promise<BuilderTools> {
  const runc = await ensureDebianProgram("runc", "BuildKit runs containers with it");
  const output = inFolder("tools", "builder");
  await goBuild({
    title: "BuildKit and registry",
    module: join(__dirname, "tools", "builder"),
    packages: [
      "github.com/moby/buildkit/cmd/buildkitd",
      "github.com/moby/buildkit/cmd/buildctl",
      "github.com/distribution/distribution/v3/cmd/registry",
    ],
    output,
  });
  const versions = ["github.com/moby/buildkit", "github.com/distribution/distribution/v3"];
  say("BuildKit, registry", versions.map((module) => pinnedVersion("builder", module)).join(", ") + ", in .local");
  return {
    buildkitd: join(output, "buildkitd"),
    buildctl: join(output, "buildctl"),
    registry: join(output, "registry"),
    runc,
  };
}

/**
 * Finds a program on PATH, else takes it from the Debian package of the same name, unpacked into the folder: the
 * system's own packages stay as they are. Throws a Fault when neither has it.
 */
export async function ensureDebianProgram(name: string, why: string): Promise<string> {
  const onPath = findOnPath(name);
  if (onPath !== undefined) return onPath;
  const root = inFolder("tools", "debian", name);
  const program = join(root, "usr", "bin", name);
  if (existsSync(program)) return program;
  say(name, `not on PATH: taking it from its Debian package`);
  const download = inFolder("tools", "debian", "download");
  await mkdir(join(download, "lists", "partial"), { recursive: true });
  await mkdir(join(download, "archives", "partial"), { recursive: true });
  const own = [
    "-o",
    `Dir::State::lists=${download}/lists`,
    "-o",
    `Dir::Cache=${download}`,
    "-o",
    "APT::Sandbox::User=",
  ];
  await execa("apt-get", [...own, "-qq", "update"], { reject: false });
  const got = await execa("apt-get", [...own, "-qq", "download", name], { cwd: download, reject: false, all: true });
  const file = (await readdir(download)).find((entry) => entry.startsWith(`${name}_`));
  if (got.failed || file === undefined) {
    throw new Fault(
      `${name} is not on PATH and cannot be had from Debian's packages. ${why}. Install ${name} and retry.` +
        `\n${got.all ?? got.shortMessage}`,
    );
  }
  await execa("dpkg", ["--extract", join(download, file), root]);
  await rm(download, { recursive: true, force: true });
  return program;
}

/** The folder for the CA certificates of this machine's network, laid out as an image has them. */
export async function copyCertificates(): Promise<string | undefined> {
  const bundle = process.env["SSL_CERT_FILE"] ?? "/etc/ssl/certs/ca-certificates.crt";
  if (!existsSync(bundle)) return undefined;
  const folder = inFolder("certificates");
  const copy = join(folder, "etc", "ssl", "certs", "ca-certificates.crt");
  const text = readFileSync(bundle);
  if (existsSync(copy) && readFileSync(copy).equals(text)) return folder;
  await mkdir(dirname(copy), { recursive: true });
  await writeFile(copy, text);
  return folder;
}
