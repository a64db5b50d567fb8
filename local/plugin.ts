import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { inFolder } from "./folder";
import { goBuild, toolModule } from "./install/goBuild";
import { pinnedVersion } from "./install/pins";
import { logPart } from "./setupLog";

const dockerBuild = "github.com/pulumi/pulumi-docker-build";
const title = "docker-build plugin";

/**
 * Installs the docker-build plugin into PULUMI_HOME: with pulumi, or else built from Go modules.
 * @throws {Fault} if neither works
 */
export async function ensurePlugin(env: NodeJS.ProcessEnv): Promise<void> {
  const version = pinnedVersion(toolModule("builder"), dockerBuild);
  const folder = inFolder("pulumi", "plugins", `resource-docker-build-v${version}`);
  if (isInstalled(folder)) {
    logPart(title, `${version}, in .local`);
    return;
  }
  const args = ["plugin", "install", "resource", "docker-build", version];
  const install = await execa("pulumi", args, { env, reject: false, all: true });
  if (!install.failed) {
    logPart(title, `${version}, installed by pulumi plugin install`);
    return;
  }
  logPart(title, "building it, no download available", install.all || install.shortMessage);
  await goBuild({
    title,
    module: toolModule("builder"),
    packages: [`${dockerBuild}/provider/cmd/pulumi-resource-docker-build`],
    variables: { [`${dockerBuild}/provider.Version`]: version },
    output: folder,
  });
  await rm(partialMark(folder), { force: true });
}

/** Whether a plugin folder is complete, as Pulumi checks it. */
export function isInstalled(folder: string): boolean {
  return existsSync(join(folder, "pulumi-resource-docker-build")) && !existsSync(partialMark(folder));
}

/** The file that an interrupted `pulumi plugin install` leaves. Pulumi ignores a plugin that has one. */
function partialMark(folder: string): string {
  return `${folder}.partial`;
}
