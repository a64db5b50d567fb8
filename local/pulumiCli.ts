import { hash } from "node:crypto";
import { existsSync, lstatSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";
import { join, relative } from "node:path";

import { execa } from "execa";
import * as semver from "semver";

import { readArchiveSum } from "../images/pulumiRelease";
import { Fault, messageOf } from "../lib/errors";
import { fetchWithRetry } from "../lib/http";
import { log } from "../lib/log";
import { type Step, runStep } from "../lib/runStep";
import { inFolder } from "./folder";
import { findOnPath } from "./install/debianProgram";
import { fillFolder } from "./install/fillFolder";
import { goBuild, toolModule } from "./install/goBuild";
import { pinnedVersion } from "./install/pins";
import { releaseModule } from "./offline/mirror";
import { keepReason } from "./setupLog";
import { officialReleases, whyMirrored } from "./sources";

const [cli, plugin] = ["Pulumi CLI", "docker-build plugin"];
const sdk = "github.com/pulumi/pulumi/sdk/v3";
const pkg = "github.com/pulumi/pulumi/pkg/v3";
const pluginName = "docker-build";
const dockerBuild = "github.com/pulumi/pulumi-docker-build";

/** The first version that accepts flags as environment variables and checks the types of config values. */
const oldestUsable = "3.220.0";

/** Finds a Pulumi CLI with its Node.js host, or else downloads or builds one. Returns the folders to add to PATH. */
export function ensurePulumi(): Promise<string[]> {
  return runStep(cli, "looking for one on PATH", async (step) => {
    const { version: onPath, reason } = await findCli();
    if (onPath !== undefined) {
      step.done = `${onPath}, on PATH`;
      return [];
    }
    const version = pinnedVersion(toolModule("pulumi"), pkg);
    const downloaded = inFolder("tools", `pulumi-${version}-downloaded`);
    const built = inFolder("tools", `pulumi-${version}`);
    if (!existsSync(downloaded) && !existsSync(built)) {
      step.doing = `downloading ${version} for ${ownSystem}`;
      const download = () => downloadPulumi(version, downloaded, officialReleases).then(() => undefined, messageOf);
      const failure = (await whyMirrored()) ?? (await download());
      if (failure !== undefined) keepReason(cli, "built, no download available", `${reason}; ${failure}`);
    }
    const isDownloaded = existsSync(downloaded);
    if (!isDownloaded) await buildPulumi(version, built, step);
    step.done = `${version}, ${isDownloaded ? "downloaded into" : "built in"} .local`;
    return [isDownloaded ? downloaded : built];
  });
}

/** The version of the Pulumi CLI on PATH, or else the reason why it cannot be used. */
export async function findCli(): Promise<{ readonly version?: string; readonly reason?: string }> {
  const { failed, stdout } = await execa("pulumi", ["version"], { reject: false });
  if (failed) return { reason: "none on PATH" };
  const version = semver.clean(stdout) ?? "0.0.0";
  if (semver.lt(version, oldestUsable)) return { reason: `${version} on PATH is older than ${oldestUsable}` };
  if (findOnPath("pulumi-language-nodejs") === undefined)
    return { reason: `${version} on PATH lacks pulumi-language-nodejs` };
  return { version };
}

/** Pulumi names systems and architectures as Node.js does. */
const ownSystem = `${process.platform}-${process.arch}`;

/**
 * Downloads a release of Pulumi for this machine's system from a URL prefix and unpacks it, after verifying its signature and
 * its SHA-256.
 */
export async function downloadPulumi(version: string, folder: string, url: string, system = ownSystem): Promise<void> {
  const warn = (sentence: string) => log(cli, sentence);
  const source = { pulumiReleases: url, signatures: "required", warn } as const;
  const { name: archive, sha256 } = await readArchiveSum(version, system, source);
  const response = await fetchWithRetry(`${url}/${archive}`, { timeout: 600_000 });
  if (!response.ok) throw new Error(`${url}/${archive} answers ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const sum = hash("sha256", bytes);
  if (sum !== sha256) throw new Error(`${archive} has the SHA-256 ${sum}, but Pulumi published ${sha256}`);
  // macOS has another tar, which by default does not read its input.
  const extract = ["--extract", "--gzip", "--file=-", "--strip-components=1"];
  await fillFolder(folder, (target) => execa("tar", [...extract, `--directory=${target}`], { input: bytes }));
}

async function buildPulumi(version: string, output: string, step: Step): Promise<void> {
  const variables = { [`${sdk}/go/common/version.Version`]: `v${version}` };
  const cliSource = { module: toolModule("pulumi"), packages: [`${pkg}/cmd/pulumi`] };
  await goBuild({ title: `Pulumi CLI ${version}`, minutes: 8, ...cliSource, variables, output }, step);
  // The last release whose Node.js host is a package of a module on the Go proxy.
  const hostSource = { module: releaseModule("3.66.0"), packages: [`${sdk}/nodejs/cmd/pulumi-language-nodejs`] };
  const [host, program] = [inFolder("tools", "nodejs-host"), "pulumi-language-nodejs"];
  await goBuild({ title: "Pulumi Node.js host", minutes: 1, ...hostSource, output: host }, step);
  // The CLI looks for its host in its own folder first. Not a copy, which another pulumi may be running.
  const link = join(output, program);
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true) return;
  await rm(link, { force: true });
  await symlink(relative(output, join(host, program)), link);
}

/** Finds the docker-build plugin on PATH, or installs it into PULUMI_HOME: with pulumi, or else built from Go modules. */
export function ensurePlugin(env: NodeJS.ProcessEnv): Promise<void> {
  return runStep(plugin, "looking for it", async (step) => {
    step.done = await installPlugin(env, step);
  });
}

/** Returns which one is used, for people. */
async function installPlugin(env: NodeJS.ProcessEnv, step: Step): Promise<string> {
  const module = toolModule("builder");
  const version = pinnedVersion(module, dockerBuild);
  const output = inFolder("pulumi", "plugins", `resource-${pluginName}-v${version}`);
  const onPath = findOnPath(`pulumi-resource-${pluginName}`);
  if (onPath !== undefined) {
    const found = await readPluginVersion(onPath, env);
    // pulumi would use it, whatever its version is.
    if (found !== version) throw new Fault(`${onPath} is version ${found}, not ${version}. Remove it from PATH.`);
    return `${version}, on PATH`;
  }
  if (isInstalled(output)) return `${version}, in .local`;
  step.doing = `pulumi plugin install ${version}`;
  const args = ["plugin", "install", "resource", pluginName, version];
  const install = await execa("pulumi", args, { env, reject: false, all: true });
  if (!install.failed) return `${version}, installed by pulumi plugin install`;
  keepReason(plugin, "built, no download available", install.all ?? install.shortMessage);
  const packages = [`${dockerBuild}/provider/cmd/pulumi-resource-docker-build`];
  const variables = { [`${dockerBuild}/provider.Version`]: version };
  await goBuild({ title: plugin, minutes: 4, module, packages, variables, output }, step);
  await rm(`${output}.partial`, { force: true });
  return `${version}, built in .local`;
}

/** Asks a plugin for its schema, which has its version: it has no option that prints it. */
async function readPluginVersion(program: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout, failed } = await execa("pulumi", ["package", "get-schema", program], { env, reject: false });
  return failed ? "unknown" : String((JSON.parse(stdout) as { version?: string }).version);
}

/** Whether a plugin's folder is complete. Pulumi ignores one with the file that an interrupted installation leaves. */
export function isInstalled(folder: string): boolean {
  return existsSync(join(folder, "pulumi-resource-docker-build")) && !existsSync(`${folder}.partial`);
}
