import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { execa } from "execa";

import { findLost } from "../../lib/oci/findLost";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { inFolder } from "../../local/folder";
import { copyCheckout } from "../helpers/checkoutFiles";
import { RepositoryWriter } from "../helpers/repositoryWriter";
import { prepareMachine } from "../helpers/scratch";

/** How a command ended, and what a person saw. */
export interface Ended {
  readonly exit: number;
  readonly output: string;
}

/** A command that runs. */
export interface Running {
  readonly pid: number;
  /** Presses Ctrl-C: a terminal sends it to all processes of the command. */
  readonly interrupt: () => void;
  /** Waits until it prints a text. */
  readonly says: (text: RegExp) => Promise<void>;
  readonly ended: Promise<Ended>;
}

/** What the set-up of a machine takes long to make, and the file by which it knows. Not what a running BuildKit writes. */
const parts = ["env", "tools", "pulumi", "releases", "archives", "registry", "bases.json", "certificates"];

/** The only language of the faults: the one whose image is built fastest. */
export const language = "yaml";

/** A copy of this checkout with its own daemons, state and registry, in which everything may be damaged. */
export class CheckoutCopy {
  private constructor(readonly folder: string) {}

  /** @param languages those whose images it can build */
  static async create(languages: readonly string[] = [language]): Promise<CheckoutCopy> {
    await prepareMachine(["3.64.0", "3.66.0"], undefined, languages);
    mkdirSync(inFolder("tests"), { recursive: true });
    const folder = mkdtempSync(inFolder("tests", "f-"));
    copyCheckout(folder);
    mkdirSync(join(folder, ".local"));
    for (const part of parts.filter((name) => existsSync(inFolder(name)))) {
      await execa("cp", ["--archive", inFolder(part), join(folder, ".local")]);
    }
    // Hard links: a test removes packages, and changes none.
    await execa("cp", ["--archive", "--link", "node_modules", folder]);
    writeFileSync(join(folder, "node_modules", ".ready"), await packagesOf(folder));
    // Releases of this checkout are not those of its copy.
    for (const name of readdirSync(registryPath(folder)).filter((each) => each.startsWith("runner-pulumi-"))) {
      rmSync(join(registryPath(folder), name), { recursive: true });
    }
    return new CheckoutCopy(folder);
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  local(...names: string[]): string {
    return this.path(".local", ...names);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** Changes a text of a file; fails if it is not there. Returns what restores it. */
  edit(name: string, from: RegExp | string, to: string): () => void {
    const text = this.read(name);
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`${name} has no ${String(from)}.`);
    writeFileSync(this.path(name), changed);
    return () => writeFileSync(this.path(name), text);
  }

  /** Starts a target of the Makefile in a process group of its own, as a terminal does. */
  start(target: string, variables: Readonly<Record<string, string>> = {}, env: NodeJS.ProcessEnv = {}): Running {
    return this.run("make", [target, ...assignments(variables)], env);
  }

  /** Runs a target of the Makefile on a terminal, whose output has control sequences: util-linux's `script` has one. */
  onTerminal(target: string, variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const command = ["make", target, ...assignments(variables)].join(" ");
    return this.run("script", ["--quiet", "--return", "--command", command, "/dev/null"]).ended;
  }

  private run(program: string, args: readonly string[], own: NodeJS.ProcessEnv = {}): Running {
    const options = { cwd: this.folder, all: true, reject: false, detached: true, stdin: "ignore" } as const;
    const env = { GITHUB_OUTPUT: "", GITHUB_STEP_SUMMARY: "", ...own };
    const running = execa(program, args, { ...options, env, cleanup: false });
    let output = "";
    const waiting = new Set<() => void>();
    running.all.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      for (const check of waiting) check();
    });
    const ended = running.then(({ exitCode, signal, all }): Ended => {
      // As a shell reports a signal.
      return { exit: exitCode ?? 128 + (signal === undefined ? 0 : constants.signals[signal]), output: all };
    });
    const says = (text: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const check = () => {
          if (!text.test(output)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
        void ended.then(() => reject(new Error(`It ended without ${String(text)}:\n${output.slice(-2000)}`)));
      });
    const pid = running.pid ?? 0;
    return { pid, interrupt: () => void process.kill(-pid, "SIGINT"), says, ended };
  }

  make(target: string, variables?: Readonly<Record<string, string>>): Promise<Ended> {
    return this.start(target, variables).ended;
  }

  /** Releases a tag here. */
  up(tag = "v3.66.0", variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.make("up", { TAG: tag, LANGUAGE: language, ...variables });
  }

  /** host:port of the registry. */
  get registry(): string {
    const { registry } = JSON.parse(this.read(".local/ports.json")) as { registry: number };
    return `localhost:${registry}`;
  }

  get client(): RepositoryClient {
    return this.clientOf(language);
  }

  clientOf(name: string): RepositoryClient {
    return new RepositoryClient(`${this.registry}/runner-pulumi-${name}`);
  }

  /** What a tag serves; with what the registry has lost of it. */
  async served(tag: string, client = this.client): Promise<{ digest: string | undefined; lost: string[] }> {
    const digest = await client.digest(tag);
    return { digest, lost: digest === undefined ? [] : await findLost(client, digest) };
  }

  /** Removes a tag of a language, so that the next release must move it. */
  async untag(name: string, tag: string): Promise<void> {
    await new RepositoryWriter(this.clientOf(name).repository).send(`manifests/${tag}`, { method: "DELETE" });
  }

  /** The file of a blob in the registry's storage. */
  blobFile(digest: string): string {
    const hex = digest.replace("sha256:", "");
    return this.local("registry", "docker", "registry", "v2", "blobs", "sha256", hex.slice(0, 2), hex, "data");
  }

  /** The newest process of this copy whose name is this one; it may have just begun. */
  async processOf(name: string): Promise<number> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const found = this.processes(name);
      if (found.length > 0) return Math.max(...found);
      await sleep(50);
    }
    throw new Error(`No ${name} runs in ${this.folder}.`);
  }

  /** Waits until this copy has no process whose name is this one. */
  async ends(name: string): Promise<void> {
    for (let attempt = 0; attempt < 600; attempt++) {
      if (this.processes(name).length === 0) return;
      await sleep(50);
    }
    throw new Error(`A ${name} still runs in ${this.folder}.`);
  }

  /** The processes of this copy whose name is this one. */
  processes(name: string): number[] {
    const pids = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid));
    return pids.map(Number).filter((pid) => isProcess(pid, name, this.folder));
  }

  /** Stops its daemons and removes it. */
  async remove(): Promise<void> {
    await this.make("clean");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const assignments = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables).map(([name, value]) => `${name}=${value}`);

async function packagesOf(folder: string): Promise<string> {
  const list = "echo node_modules/*/package.json node_modules/@*/*/package.json";
  return (await execa("sh", ["-c", list], { cwd: folder })).stdout;
}

const registryPath = (folder: string) => join(folder, ".local", "registry", "docker", "registry", "v2", "repositories");

/** Whether a process has a name, or runs a program of Node.js with it, and has a folder on its command line or in its environment. */
function isProcess(pid: number, name: string, folder: string): boolean {
  const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8");
  try {
    const command = read("cmdline");
    if (read("comm").trim() !== name && !command.split("\0")[1]?.endsWith(name)) return false;
    return [command, read("environ")].some((text) => text.includes(folder));
  } catch {
    return false;
  }
}
