// What replaces an official image that cannot be pulled: an image with the same paths, made from package registries alone.
import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";

import { execa } from "execa";

import { catalogue } from "../../images/catalogue";
import { readDockerfile, sourceDateEpoch } from "../../images/dockerfile";
import { type Platform, platforms } from "../../images/platform";
import { ensureDebianProgram } from "../install/debianProgram";
import { goBuild, toolModule } from "../install/goBuild";
import { copySdk, hasSdk } from "./dotnetSdk";
import node from "./node.json";

/** How a substitute is made. */
export interface Substitute {
  /** What it is made of, for people. */
  readonly title: (platform: Platform) => string;
  /** Puts a Dockerfile and its files into an empty folder. The tag is the official image's. */
  readonly prepare: (folder: string, tag: string, platform: Platform) => Promise<void>;
}

/** The substitutes, by the stage that they replace. */
export const substitutes: Readonly<Record<string, Substitute>> = {
  debian: { title: () => "Debian's packages, by mmdebstrap", prepare: prepareDebian },
  node: { title: () => "npm packages of Node.js, npm, corepack", prepare: prepareNode },
  golang: { title: () => "the Go toolchain from its module", prepare: prepareGolang },
  dotnet: {
    title: (platform) =>
      hasSdk(platform) ? "the real SDK in DOTNET_FOLDER" : "a dotnet command that compiles nothing",
    prepare: prepareDotnet,
  },
};

/** The time of a substitute's files in seconds since 1970: that of the builds that start from it. */
export const buildEpoch = () => String(sourceDateEpoch(readDockerfile(catalogue[0]?.name ?? "")));

/** What the official slim image leaves out (its file /etc/dpkg/dpkg.cfg.d/docker), so that sizes compare. */
const slim = ["doc", "groff", "info", "linda", "lintian", "locale", "man"].map(
  (folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`,
);

async function prepareDebian(folder: string, tag: string, platform: Platform): Promise<void> {
  const mmdebstrap = await ensureDebianProgram("mmdebstrap", "A Debian base is made with it");
  const noTraces = `--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"`;
  // By default, apt gives these folders to its own user only if that user can reach the folder of this build.
  const owner = `--customize-hook=chroot "$1" chown _apt /var/cache/apt/archives/partial /var/lib/apt/lists/partial`;
  const options = ["--mode=root", "--variant=minbase", "--include=ca-certificates", ...slim, noTraces, owner];
  // Whether the kernel runs the platform is known. mmdebstrap would ask a program that may not be installed.
  const architecture = [`--architectures=${platforms[platform].targetArch}`, "--skip=check/qemu"];
  // In namespaces of its own: when this process ends, its children end and its mounts disappear.
  const isolated = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", mmdebstrap];
  await execa("unshare", [...isolated, ...options, ...architecture, versionOf(tag), join(folder, "root.tar")], {
    killSignal: "SIGKILL",
    env: {
      // Its helper mmtarfilter is beside it.
      PATH: [dirname(mmdebstrap), process.env["PATH"]].join(delimiter),
      TMPDIR: folder,
      SOURCE_DATE_EPOCH: buildEpoch(),
    },
  });
  await writeFile(join(folder, "Dockerfile"), `FROM scratch\nADD root.tar /\nCMD ["bash"]\n`);
}

async function prepareNode(folder: string, tag: string, platform: Platform): Promise<void> {
  const binary = `node-linux-${platforms[platform].pulumiArch}`;
  const packages = [`${binary}@${versionOf(tag)}`, `npm@${node.npm}`, `corepack@${node.corepack}`];
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", `--prefix=${folder}`];
  // --force installs another platform's binary.
  await execa("npm", ["install", ...options, "--force", ...packages]);
  const [bin, lib] = [join(folder, "local", "bin"), join(folder, "local", "lib", "node_modules")];
  await mkdir(bin, { recursive: true });
  await cp(join(folder, "node_modules", binary, "bin", "node"), join(bin, "node"));
  for (const name of ["npm", "corepack"]) {
    // Without verbatimSymlinks, relative links would become paths of this checkout.
    await cp(join(folder, "node_modules", name), join(lib, name), { recursive: true, verbatimSymlinks: true });
  }
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(bin, "npm"));
  await symlink("../lib/node_modules/npm/bin/npx-cli.js", join(bin, "npx"));
  await symlink("../lib/node_modules/corepack/dist/corepack.js", join(bin, "corepack"));
  await rm(join(folder, "node_modules"), { recursive: true });
  await writeDockerfile(folder, [
    "FROM debian",
    "RUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends libstdc++6",
    "COPY local /usr/local",
  ]);
}

async function prepareGolang(folder: string, tag: string, platform: Platform): Promise<void> {
  const architecture = platforms[platform].targetArch;
  // A module of its own: a go.mod in a parent folder must have no influence.
  await writeFile(join(folder, "go.mod"), "module substitute\n");
  const toolchain = `golang.org/toolchain@v0.0.1-go${versionOf(tag)}.linux-${architecture}`;
  const { stdout } = await execa("go", ["mod", "download", "-json", toolchain], { cwd: folder });
  const { Dir: root } = JSON.parse(stdout) as { Dir: string };
  const copy = join(folder, "go");
  await execa("cp", ["--recursive", "--no-preserve=ownership", root, copy]);
  await execa("chmod", ["--recursive", "u+w", copy]);
  // A module's files are not executable. The go command fixes that too when it downloads a toolchain for itself.
  for (const programs of [join(copy, "bin"), join(copy, "pkg", "tool", `linux_${architecture}`)]) {
    const files = (await readdir(programs)).map((name) => join(programs, name));
    await execa("chmod", ["0755", ...files]);
  }
  await writeDockerfile(folder, ["FROM debian", "COPY go /usr/local/go", "ENV PATH=/usr/local/go/bin:$PATH"]);
}

async function prepareDotnet(folder: string, tag: string, platform: Platform): Promise<void> {
  if (hasSdk(platform)) {
    await copySdk(versionOf(tag), join(folder, "sdk.tar.xz"));
    // ADD unpacks it and keeps hard links.
    return writeDockerfile(folder, ["FROM debian", "ADD sdk.tar.xz /usr/share/dotnet/"]);
  }
  const output = join(folder, "dotnet");
  await goBuild({
    title: "dotnet substitute",
    module: toolModule("dotnet-substitute"),
    packages: ["."],
    variables: { "main.version": versionOf(tag) },
    architecture: platforms[platform].targetArch,
    output,
  });
  await rm(join(output, ".built-from"), { force: true });
  await rename(join(output, "dotnet-substitute"), join(output, "dotnet"));
  await writeDockerfile(folder, ["FROM debian", "COPY dotnet /usr/share/dotnet"]);
}

function writeDockerfile(folder: string, lines: readonly string[]): Promise<void> {
  return writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
}

function versionOf(tag: string): string {
  return tag.replace(/-.*$/, "");
}
