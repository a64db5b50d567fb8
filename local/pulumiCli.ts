import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import * as semver from "semver";

import { archiveName, getPulumiRelease } from "../images/pulumiRelease";
import { messageOf } from "../lib/errors";
import { fetchWithRetry } from "../lib/http";
import { withProgress } from "../lib/log";
import { inFolder } from "./folder";
import { findOnPath } from "./install/debianProgram";
import { fillFolder } from "./install/fillFolder";
import { goBuild, toolModule } from "./install/goBuild";
import { pinnedVersion } from "./install/pins";
import { ownPlatform } from "./native/ownPlatform";
import { releaseModule } from "./offline/mirror";
import { officialReleases } from "./pulumiReleases";
import { logPart } from "./setupLog";

const sdk = "github.com/pulumi/pulumi/sdk/v3";
const pkg = "github.com/pulumi/pulumi/pkg/v3";
const part = "Pulumi CLI";

/** The first version that accepts flags as environment variables and checks the types of config values. */
const oldestUsable = "3.220.0";

/**
 * Finds a Pulumi CLI with its Node.js host: on PATH, or else the official download, or else built from Go modules.
 * @param unavailable why Pulumi's own releases cannot be downloaded, if they cannot
 * @returns the folders to add to PATH
 * @throws {Fault} if the CLI cannot be built either
 */
export async function ensurePulumi(unavailable: string | undefined): Promise<string[]> {
  const onPath = await findPulumiOnPath();
  if (onPath.version !== undefined) {
    logPart(part, `${onPath.version}, on PATH`);
    return [];
  }
  const version = pinnedVersion(toolModule("pulumi"), pkg);
  const downloaded = inFolder("tools", `pulumi-${version}-downloaded`);
  const built = inFolder("tools", `pulumi-${version}`);
  if (!existsSync(downloaded) && !existsSync(built)) {
    const download = () => downloadPulumi(version, downloaded, officialReleases).then(() => undefined, messageOf);
    const failure = unavailable ?? (await download());
    if (failure !== undefined) logPart(part, "building it, no download available", `${onPath.reason}; ${failure}`);
  }
  if (existsSync(downloaded)) {
    logPart(part, `${version}, downloaded into .local`);
    return [downloaded];
  }
  await buildPulumi(version, built);
  logPart(part, `${version}, built in .local`);
  return [built];
}

async function findPulumiOnPath(): Promise<{ version?: string; reason?: string }> {
  const { failed, stdout } = await execa("pulumi", ["version"], { reject: false });
  if (failed) return { reason: "none on PATH" };
  const version = semver.clean(stdout) ?? "0.0.0";
  if (semver.lt(version, oldestUsable)) return { reason: `${version} on PATH is older than ${oldestUsable}` };
  if (findOnPath("pulumi-language-nodejs") !== undefined) return { version };
  return { reason: `${version} on PATH lacks pulumi-language-nodejs` };
}

/**
 * Downloads a release of Pulumi and unpacks it, after verifying its signature and its SHA-256.
 * @param url prefix of the archives
 * @throws {Error} if it is not available or not what Pulumi published
 */
export async function downloadPulumi(version: string, folder: string, url: string): Promise<void> {
  const platform = ownPlatform();
  const warn = (sentence: string) => logPart(part, sentence);
  const release = await getPulumiRelease(version, [platform], { pulumiReleases: url, signatures: "required", warn });
  const archive = archiveName(version, platform);
  await withProgress(part, `downloading ${version} from ${url}`, async () => {
    const response = await fetchWithRetry(`${url}/${archive}`, { timeout: 600_000 });
    if (!response.ok) throw new Error(`${url}/${archive} answers ${response.status}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const sum = createHash("sha256").update(bytes).digest("hex");
    if (sum !== release.sha256[platform]) {
      throw new Error(`${archive} has the SHA-256 ${sum}, but Pulumi published ${release.sha256[platform]}`);
    }
    const extract = ["--extract", "--gzip", "--strip-components=1"];
    await fillFolder(folder, (target) => execa("tar", [...extract, `--directory=${target}`], { input: bytes }));
  });
}

async function buildPulumi(version: string, output: string): Promise<void> {
  await goBuild({
    title: `Pulumi CLI ${version}`,
    module: toolModule("pulumi"),
    packages: [`${pkg}/cmd/pulumi`],
    variables: { [`${sdk}/go/common/version.Version`]: `v${version}` },
    output,
  });
  const host = inFolder("tools", "nodejs-host");
  // The last release whose Node.js host is a package of a module on the Go proxy.
  const packages = [`${sdk}/nodejs/cmd/pulumi-language-nodejs`];
  await goBuild({ title: "Pulumi Node.js host", module: releaseModule("3.66.0"), packages, output: host });
  // The CLI looks for its host in its own folder first.
  await cp(join(host, "pulumi-language-nodejs"), join(output, "pulumi-language-nodejs"));
}
