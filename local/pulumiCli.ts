import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import * as semver from "semver";

import { archiveName, getPulumiRelease } from "../images/pulumiRelease";
import { findOnPath } from "./offline/debian";
import { inFolder } from "./folder";
import { goBuild, pinnedVersion, toolModule } from "./offline/goModule";
import { releaseModule } from "./offline/mirror";
import { ownPlatform } from "./native/ownPlatform";
import { log, withProgress } from "../lib/log";

/** Where Pulumi publishes its releases. */
export const officialReleases = "https://get.pulumi.com/releases/sdk";

const sdk = "github.com/pulumi/pulumi/sdk/v3";
const pkg = "github.com/pulumi/pulumi/pkg/v3";
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
    log(part, `${onPath.version}, on PATH`);
    return [];
  }
  const version = pinnedVersion(toolModule("pulumi"), pkg);
  const downloaded = inFolder("tools", `pulumi-${version}-downloaded`);
  if (existsSync(downloaded)) {
    log(part, `${version}, downloaded into .local`);
    return [downloaded];
  }
  const built = inFolder("tools", `pulumi-${version}`);
  if (!existsSync(built)) {
    const fault = await downloadPulumi(version, downloaded, officialReleases).then(() => undefined, String);
    if (fault === undefined) return [downloaded];
    log(part, `${onPath.reason}, and no download: ${fault}`);
  }
  await buildPulumi(version, built);
  log(part, `${version}, built in .local`);
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

/**
 * Downloads a release of Pulumi, verifies the signature of its list of checksums, checks its SHA-256 and unpacks it.
 * Throws an Error when one of them fails.
 */
export async function downloadPulumi(version: string, folder: string, url: string): Promise<void> {
  const platform = ownPlatform();
  const warn = (sentence: string) => {
    log(part, sentence);
  };
  const release = await getPulumiRelease(version, [platform], { pulumiReleases: url, signatures: "required", warn });
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
    module: toolModule("pulumi"),
    packages: [`${pkg}/cmd/pulumi`],
    variables: { [`${sdk}/go/common/version.Version`]: `v${version}` },
    output,
  });
  // The newest release whose Node.js host is a package of a module that the Go proxy has.
  await goBuild({
    title: "Pulumi Node.js host",
    module: releaseModule("3.66.0"),
    packages: [`${sdk}/nodejs/cmd/pulumi-language-nodejs`],
    output: inFolder("tools", "nodejs-host"),
  });
  // Beside the CLI, where it looks for it first.
  await cp(inFolder("tools", "nodejs-host", "pulumi-language-nodejs"), join(output, "pulumi-language-nodejs"));
}
