import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";

import { execa } from "execa";

import { readDockerfile, sourceDateEpoch } from "../../images/dockerfile";
import { catalogue } from "../../images/catalogue";
import { type Platform, platforms } from "../../images/platform";
import { ensureDebianProgram } from "./debian";
import { goBuild, toolModule } from "./goModule";

/** A way to an image like the official one, from package registries alone. */
export interface StandIn {
  /** What it is made of, for people. */
  readonly title: string;
  /** Puts a Dockerfile and what it needs into an empty folder. The tag is the official image's. */
  readonly prepare: (folder: string, tag: string, platform: Platform) => Promise<void>;
}

/** The stand-ins by the stage that they replace. Each keeps the official paths. */
export const standIns: Readonly<Record<string, StandIn>> = {
  debian: { title: "Debian from its packages, by mmdebstrap", prepare: prepareDebian },
  node: { title: "Node.js, npm and corepack from their npm packages", prepare: prepareNode },
  golang: { title: "the Go toolchain from its module", prepare: prepareGolang },
  dotnet: { title: "a dotnet command that compiles nothing, since no registry has .NET", prepare: prepareDotnet },
};

/** The time of what a stand-in is made of, in seconds since 1970: that of the builds that start from it. */
export function epoch(): string {
  return String(sourceDateEpoch(readDockerfile(catalogue[0]?.name ?? "")));
}

/** What the official slim image leaves out (its file /etc/dpkg/dpkg.cfg.d/docker), so that sizes compare. */
const slim = ["doc", "groff", "info", "linda", "lintian", "locale", "man"].map(
  (folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`,
);

async function prepareDebian(folder: string, tag: string, platform: Platform): Promise<void> {
  const mmdebstrap = await ensureDebianProgram("mmdebstrap", "A Debian base is made with it");
  const suite = versionOf(tag);
  const noTraces = `--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"`;
  // By itself, apt gives these folders to its own user only where that user can reach the folder of this build.
  const owner = `--customize-hook=chroot "$1" chown _apt /var/cache/apt/archives/partial /var/lib/apt/lists/partial`;
  const options = ["--mode=root", "--variant=minbase", "--include=ca-certificates", ...slim, noTraces, owner];
  // Whether the kernel runs the platform is known; mmdebstrap would ask a program that may not be there.
  const architecture = [`--architectures=${platforms[platform].targetArch}`, "--skip=check/qemu"];
  // In namespaces of its own: when this process ends, so does all that it has started, and what it has mounted is gone.
  const alone = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", mmdebstrap];
  await execa("unshare", [...alone, ...options, ...architecture, suite, join(folder, "root.tar")], {
    killSignal: "SIGKILL",
    env: {
      // Its helper mmtarfilter is beside it.
      PATH: [dirname(mmdebstrap), process.env["PATH"]].join(delimiter),
      TMPDIR: folder,
      SOURCE_DATE_EPOCH: epoch(),
    },
  });
  await writeFile(join(folder, "Dockerfile"), `FROM scratch\nADD root.tar /\nCMD ["bash"]\n`);
}

/** The versions that Node.js 24.21.0 brings along. */
const npmPackages = ["npm@11.21.2", "corepack@0.34.7"];

async function prepareNode(folder: string, tag: string, platform: Platform): Promise<void> {
  const cpu = platforms[platform].pulumiArch;
  const binary = `node-linux-${cpu}`;
  const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", `--prefix=${folder}`];
  // --force: another platform's binary is wanted on purpose.
  await execa("npm", [...install, "--force", `${binary}@${versionOf(tag)}`, ...npmPackages]);
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
  await writeFile(
    join(folder, "Dockerfile"),
    [
      "FROM debian",
      "RUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends libstdc++6",
      "COPY local /usr/local",
      "",
    ].join("\n"),
  );
}

async function prepareGolang(folder: string, tag: string, platform: Platform): Promise<void> {
  const architecture = platforms[platform].targetArch;
  // A module of its own, so that no go.mod above this folder has a say.
  await writeFile(join(folder, "go.mod"), "module stand-in\n");
  const toolchain = `golang.org/toolchain@v0.0.1-go${versionOf(tag)}.linux-${architecture}`;
  const { stdout } = await execa("go", ["mod", "download", "-json", toolchain], { cwd: folder });
  const { Dir: root } = JSON.parse(stdout) as { Dir: string };
  const copy = join(folder, "go");
  await execa("cp", ["--recursive", "--no-preserve=ownership", root, copy]);
  await execa("chmod", ["--recursive", "u+w", copy]);
  // A module's files are not executable: the go command that fetches a toolchain for itself mends it, too.
  const tools = join(copy, "pkg", "tool", `linux_${architecture}`);
  for (const programs of [join(copy, "bin"), tools]) {
    const files = (await readdir(programs)).map((name) => join(programs, name));
    await execa("chmod", ["0755", ...files]);
  }
  await writeFile(join(folder, "Dockerfile"), `FROM debian\nCOPY go /usr/local/go\nENV PATH=/usr/local/go/bin:$PATH\n`);
}

async function prepareDotnet(folder: string, tag: string, platform: Platform): Promise<void> {
  await goBuild({
    title: "dotnet stand-in",
    module: toolModule("dotnet-stand-in"),
    packages: ["."],
    variables: { "main.version": versionOf(tag) },
    architecture: platforms[platform].targetArch,
    output: join(folder, "dotnet"),
  });
  await rm(join(folder, "dotnet", ".built-from"));
  await rename(join(folder, "dotnet", "dotnet-stand-in"), join(folder, "dotnet", "dotnet"));
  await writeFile(join(folder, "Dockerfile"), `FROM debian\nCOPY dotnet /usr/share/dotnet\n`);
}

function versionOf(tag: string): string {
  return tag.replace(/-.*$/, "");
}
