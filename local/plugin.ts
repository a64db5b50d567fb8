import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { log } from "../lib/log";
import { inFolder } from "./folder";
import { goBuild, pinnedVersion, toolModule } from "./offline/goModule";

const dockerBuild = "github.com/pulumi/pulumi-docker-build";

/** Installs the docker-build plugin into PULUMI_HOME: the ordinary way, else built from Go modules. */
export async function ensurePlugin(env: NodeJS.ProcessEnv): Promise<void> {
  const version = pinnedVersion(toolModule("builder"), dockerBuild);
  const title = "docker-build plugin";
  const folder = inFolder("pulumi", "plugins", `resource-docker-build-v${version}`);
  if (isPluginThere(folder)) {
    log(title, `${version}, in .local`);
    return;
  }
  const install = await execa("pulumi", ["plugin", "install", "resource", "docker-build", version], {
    env,
    reject: false,
    all: true,
  });
  if (!install.failed) {
    log(title, `${version}, installed by pulumi plugin install`);
    return;
  }
  log(title, `no download: ${install.all.split("\n").at(-1) ?? install.shortMessage}`);
  await goBuild({
    title,
    module: toolModule("builder"),
    packages: [`${dockerBuild}/provider/cmd/pulumi-resource-docker-build`],
    variables: { [`${dockerBuild}/provider.Version`]: version },
    output: folder,
  });
  await rm(partialMark(folder), { force: true });
}

/** Whether the folder holds the docker-build plugin as Pulumi takes it: with its program, and not half installed. */
export function isPluginThere(folder: string): boolean {
  return existsSync(join(folder, "pulumi-resource-docker-build")) && !existsSync(partialMark(folder));
}

/** The file that `pulumi plugin install` leaves when it is interrupted. Pulumi passes over a plugin that has one. */
function partialMark(folder: string): string {
  return `${folder}.partial`;
}
