import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { type Daemon, startDaemon } from "./daemon";
import { Fault } from "../../lib/errors";
import { log } from "../../lib/log";
import type { BuilderTools } from "./builderTools";

/** What protects a registry: the files of its certificate, key and list of users, as htpasswd writes it. */
export interface RegistryProtection {
  readonly certificate: string;
  readonly key: string;
  readonly users: string;
}

/**
 * Starts a registry (the CNCF's distribution) in a folder. Gives its address, localhost:<port>. Without protection it
 * speaks plain HTTP and takes images from anyone who reaches it.
 */
export async function startRegistry(
  tools: BuilderTools,
  folder: string,
  port: number,
  protection?: RegistryProtection,
): Promise<string> {
  const name = "registry";
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.yml`);
  const tls = protection && { certificate: protection.certificate, key: protection.key };
  // JSON is YAML. The secret signs uploads that several registries share; this one is alone.
  const config = JSON.stringify({
    version: "0.1",
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: join(folder, name) }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "local", tls },
    auth: protection && { htpasswd: { realm: "registry", path: protection.users } },
  });
  writeFileSync(file, config);
  const scheme = protection === undefined ? "http" : "https";
  const daemon: Daemon = {
    name,
    command: tools.registry,
    args: ["serve", file],
    env: { OTEL_TRACES_EXPORTER: "none" },
    config,
    address: `localhost:${port}`,
    whenTaken: whenPortTaken("REGISTRY_PORT"),
    isHealthy: () => answers(`${scheme}://127.0.0.1:${port}/v2/`),
  };
  await start(daemon, folder);
  return daemon.address;
}

/** Throws a Fault where BuildKit could not be started in a folder: before minutes of building it. */
export function requireBuildKitCanStart(folder: string): void {
  const uid = process.getuid?.();
  if (uid !== 0) {
    throw new Fault(
      `BuildKit runs here as a process, which needs root, and this is uid ${uid}. Run it as root: sudo make up.`,
    );
  }
  const socket = buildKitSocket(folder);
  // unix(7)
  if (Buffer.byteLength(socket) > 107) {
    throw new Fault(
      `${socket} is longer than the 107 bytes of a socket's path. Clone to a folder with a shorter path.`,
    );
  }
}

function buildKitSocket(folder: string): string {
  return join(folder, "buildkit.sock");
}

/** What a BuildKit has to know beside its folder. */
export interface BuildKitOptions {
  /** The platforms that it must be able to build. */
  readonly platforms: readonly Platform[];
  /** Environment variables, such as a proxy's address. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts BuildKit in a folder. Gives its address, a Unix socket. Throws a Fault where that cannot be. */
export async function startBuildKit(
  tools: BuilderTools,
  folder: string,
  { platforms, env = {} }: BuildKitOptions,
): Promise<string> {
  const name = "buildkit";
  requireBuildKitCanStart(folder);
  const address = `unix://${buildKitSocket(folder)}`;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.toml`);
  const config = [
    `root = ${JSON.stringify(join(folder, name))}`,
    `[grpc]`,
    `address = [${JSON.stringify(address)}]`,
    `[worker.oci]`,
    // Said aloud, because BuildKit looks for runc on PATH otherwise.
    `enabled = true`,
    `binary = ${JSON.stringify(tools.runc)}`,
    `[worker.containerd]`,
    `enabled = false`,
    ``,
  ].join("\n");
  writeFileSync(file, config);
  let missing: readonly Platform[] = [];
  const daemon: Daemon = {
    name,
    command: tools.buildkitd,
    args: ["--config", file],
    env,
    config,
    address,
    whenTaken: "Stop it: only one BuildKit can serve a folder.",
    isHealthy: async () => {
      // It looks for the platforms that the kernel runs when it starts, and at no other time.
      const workers = await execa(tools.buildctl, ["--addr", address, "debug", "workers"], { reject: false });
      missing = workers.failed ? [] : platforms.filter((platform) => !workers.stdout.includes(platform));
      return !workers.failed && missing.length === 0;
    },
  };
  await start(daemon, folder).catch((error: unknown) => {
    throw missing.length === 0 ? error : lacksPlatforms(missing);
  });
  return address;
}

function lacksPlatforms(missing: readonly Platform[]): Fault {
  return new Fault(
    `BuildKit runs, and cannot build for ${missing.join(", ")}: it finds no emulator that the kernel knows. ` +
      `Leave that out of PLATFORMS, or look at what the kernel has registered: ls /proc/sys/fs/binfmt_misc.`,
  );
}

/** Starts the server of the mirror of Pulumi's releases. Gives its URL. */
export async function startMirror(files: string, folder: string, port: number): Promise<string> {
  const name = "mirror";
  mkdirSync(files, { recursive: true });
  const url = `http://localhost:${port}`;
  const daemon: Daemon = {
    name,
    command: process.execPath,
    args: [
      "--require",
      "ts-node/register/transpile-only",
      join(__dirname, "..", "offline", "fileServer.ts"),
      files,
      String(port),
    ],
    address: url,
    whenTaken: whenPortTaken("MIRROR_PORT"),
    isHealthy: () => answers(`http://127.0.0.1:${port}/`),
  };
  await start(daemon, folder);
  return url;
}

async function start(daemon: Daemon, folder: string): Promise<void> {
  log(daemon.name, `${daemon.address} (${await startDaemon(daemon, folder)})`);
}

function whenPortTaken(variable: string): string {
  return `Stop it, or give another port: make up ${variable}=…`;
}

/** Whether an HTTP server answers the request with success, or asks for a login. */
async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok || response.status === 401,
    () => false,
  );
}
