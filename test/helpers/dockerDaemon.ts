import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { execa } from "execa";

import { inFolder } from "../../local/folder";
import { fillFolderOnce } from "../../local/install/fillFolder";

/** Docker as Debian 13 packages it, with compose and buildx, which older releases lack. It runs on Debian 12 too. */
const trixie = ["docker.io", "docker-cli", "docker-compose", "docker-buildx", "containerd", "tini"];
/** What depends on this machine's C library. */
const own = [
  ...["iptables", "libip4tc2", "libip6tc2", "libxtables12", "libnftnl11", "libmnl0", "libnfnetlink0"],
  "libnetfilter-conntrack3",
];

/** Unpacks Docker's packages into .local. Returns the folder. */
export async function installDocker(): Promise<string> {
  const root = inFolder("tools", "docker");
  await fillFolderOnce(root, [...trixie, ...own].join(), async (folder) => {
    const sources = join(folder, "trixie.list");
    writeFileSync(sources, "deb http://deb.debian.org/debian trixie main\n");
    await unpack(folder, trixie, [`Dir::Etc::SourceList=${sources}`, "Dir::Etc::SourceParts=/dev/null"]);
    await unpack(folder, own);
  });
  return root;
}

/** Downloads Debian packages, with these settings of apt, and unpacks them. */
async function unpack(root: string, packages: readonly string[], settings: readonly string[] = []): Promise<void> {
  const folder = join(root, "download");
  for (const list of ["lists", "archives"]) mkdirSync(join(folder, list, "partial"), { recursive: true });
  const all = [`Dir::State::lists=${folder}/lists`, `Dir::Cache=${folder}`, "APT::Sandbox::User=", ...settings];
  const options = all.flatMap((setting) => ["-o", setting]);
  await execa("apt-get", [...options, "-qq", "update"]);
  await execa("apt-get", [...options, "-qq", "download", ...packages], { cwd: folder });
  const files = (await readdir(folder)).filter((name) => name.endsWith(".deb"));
  for (const name of files) await execa("dpkg", ["--extract", join(folder, name), root]);
  await execa("rm", ["--recursive", folder]);
}

/** How a daemon differs from Docker's defaults. */
interface DaemonSettings {
  /** The group that may use the socket. */
  readonly group: number;
  /** The network device of its containers' network. */
  readonly bridge: string;
  readonly runc: string;
  readonly env: NodeJS.ProcessEnv;
  /** A command that runs the daemon, whose command line follows. */
  readonly launcher: readonly string[];
}

/** A dockerd with its own data, socket and networks. */
export class DockerDaemon {
  private pid: number | undefined;

  /**
   * @param root what `installDocker` returns
   * @param folder for its data, its log and its socket, which other users must reach
   */
  constructor(
    private readonly root: string,
    private readonly folder: string,
    private readonly settings: DaemonSettings,
  ) {
    mkdirSync(join(folder, "bin"), { recursive: true });
    const programs = {
      runc: settings.runc,
      "docker-init": join(root, "usr", "bin", "tini-static"),
      iptables: join(root, "usr", "sbin", "xtables-nft-multi"),
      ip6tables: join(root, "usr", "sbin", "xtables-nft-multi"),
    };
    for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(folder, "bin", name));
    writeFileSync(join(folder, "daemon.json"), "{}");
  }

  /** DOCKER_HOST. */
  get host(): string {
    return `unix://${join(this.folder, "docker.sock")}`;
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const { folder, root, settings } = this;
    const libraries = join(root, "usr", "lib", `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`);
    const PATH = [join(folder, "bin"), join(root, "usr", "bin"), join(root, "usr", "sbin"), process.env["PATH"]];
    const own = { PATH: PATH.join(delimiter), LD_LIBRARY_PATH: libraries, XTABLES_LIBDIR: join(libraries, "xtables") };
    const options = [
      ...[`--data-root=${join(folder, "data")}`, `--exec-root=${join(folder, "exec")}`, `--host=${this.host}`],
      ...[`--pidfile=${join(folder, "docker.pid")}`, `--config-file=${join(folder, "daemon.json")}`],
      // Beside a dockerd that this machine may have.
      ...[`--bridge=${settings.bridge}`, `--group=${settings.group}`],
    ];
    const [command = "", ...args] = [...settings.launcher, join(root, "usr", "sbin", "dockerd"), ...options];
    const log = openSync(join(folder, "dockerd.log"), "a");
    const env = { ...process.env, ...own, ...settings.env };
    this.pid = spawn(command, args, { env, stdio: ["ignore", log, log] }).pid;
    for (let attempt = 0; attempt < 150; attempt++, await sleep(200)) if (await this.answers()) return;
    throw new Error(`dockerd does not start:\n${readFileSync(join(folder, "dockerd.log"), "utf8").slice(-2000)}`);
  }

  /** Stops it, with its containers. */
  async stop(): Promise<void> {
    if (this.pid === undefined) return;
    process.kill(this.pid, "SIGTERM");
    while (await this.answers()) await sleep(100);
    // Containerd ends a moment later, and has the data until then.
    await sleep(1000);
    this.pid = undefined;
  }

  private async answers(): Promise<boolean> {
    const docker = join(this.root, "usr", "bin", "docker");
    return !(await execa(docker, ["--host", this.host, "version"], { reject: false, timeout: 5000 })).failed;
  }
}
