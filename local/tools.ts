import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { ensureDebianProgram } from "./debian";
import { inFolder } from "./folder";
import { goBuild } from "./goModule";
import { say } from "../ci/say";

/** The version of a module that a go.mod of this folder requires, without its `v`. */
export function pinnedVersion(tool: string, module: string): string {
  const text = readFileSync(join(__dirname, "tools", tool, "go.mod"), "utf8");
  const version = new RegExp(`${module} v(\\S+)`).exec(text)?.[1];
  if (version === undefined) throw new Error(`local/tools/${tool}/go.mod does not require ${module}.`);
  return version;
}

const dockerBuild = "github.com/pulumi/pulumi-docker-build";

/** Installs the docker-build plugin into PULUMI_HOME: the ordinary way, else built from Go modules. */
export async function ensurePlugin(env: NodeJS.ProcessEnv): Promise<void> {
  const version = pinnedVersion("builder", dockerBuild);
  const title = "docker-build plugin";
  const folder = inFolder("pulumi", "plugins", `resource-docker-build-v${version}`);
  if (isPluginThere(folder)) {
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
