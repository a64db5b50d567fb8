import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../images/platform";
import { type Daemon, startDaemon } from "./daemon";
import { Fault } from "./fault";
import { say } from "./say";
import type { BuilderTools } from "./tools";

/** Starts a registry (the CNCF's distribution) in a folder. Gives its address, localhost:<port>. */
export async function startRegistry(tools: BuilderTools, folder: string, port: number): Promise<string> {
  const name = "registry";
  mkdirSync(folder, { recursive: true });
  const config = join(folder, `${name}.yml`);
  // JSON is YAML. The secret signs uploads that several registries share; this one is alone.
  writeFileSync(
    config,
    JSON.stringify({
      version: "0.1",
      log: { level: "warn" },
      storage: { filesystem: { rootdirectory: join(folder, name) }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}`, secret: "local" },
    }),
  );
  const daemon: Daemon = {
    name,
    command: tools.registry,
    args: ["serve", config],
    env: { OTEL_TRACES_EXPORTER: "none" },
    isHealthy: () => answers(`http://127.0.0.1:${port}/v2/`),
  };
  await start(daemon, folder, `localhost:${port}`);
  return `localhost:${port}`;
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
  /** Registries on localhost that speak TLS, by address, and the file of the CA certificate of each. */
  readonly authorities?: Readonly<Record<string, string>>;
}

/** Starts BuildKit in a folder. Gives its address, a Unix socket. Throws a Fault where that cannot be. */
export async function startBuildKit(
  tools: BuilderTools,
  folder: string,
  { platforms, authorities = {} }: BuildKitOptions,
): Promise<string> {
  const name = "buildkit";
  requireBuildKitCanStart(folder);
  const address = `unix://${buildKitSocket(folder)}`;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, `${name}.toml`);
  writeFileSync(
    config,
    [
      `root = ${JSON.stringify(join(folder, name))}`,
      `[grpc]`,
      `address = [${JSON.stringify(address)}]`,
      `[worker.oci]`,
      // Said aloud, because BuildKit looks for runc on PATH otherwise.
      `enabled = true`,
      `binary = ${JSON.stringify(tools.runc)}`,
      `[worker.containerd]`,
      `enabled = false`,
      // A registry on localhost is taken for one without TLS otherwise.
      ...Object.entries(authorities).flatMap(([registry, file]) => [
        `[registry.${JSON.stringify(registry)}]`,
        `http = false`,
        `ca = [${JSON.stringify(file)}]`,
      ]),
      ``,
    ].join("\n"),
  );
  const daemon: Daemon = {
    name,
    command: tools.buildkitd,
    args: ["--config", config],
    isHealthy: async () => {
      // It looks for the platforms that the kernel runs when it starts, and at no other time.
      const workers = await execa(tools.buildctl, ["--addr", address, "debug", "workers"], { reject: false });
      return !workers.failed && platforms.every((platform) => workers.stdout.includes(platform));
    },
  };
  await start(daemon, folder, address);
  return address;
}

/** Starts the server of the mirror of Pulumi's releases. Gives its URL. */
export async function startMirror(files: string, folder: string, port: number): Promise<string> {
  const name = "mirror";
  mkdirSync(files, { recursive: true });
  const url = `http://localhost:${port}`;
  const daemon: Daemon = {
    name,
    command: process.execPath,
    args: ["--require", "ts-node/register/transpile-only", join(__dirname, "fileServer.ts"), files, String(port)],
    isHealthy: () => answers(`http://127.0.0.1:${port}/`),
  };
  await start(daemon, folder, url);
  return url;
}

async function start(daemon: Daemon, folder: string, address: string): Promise<void> {
  say(daemon.name, `${address} (${await startDaemon(daemon, folder)})`);
}

/** Whether an HTTP server answers the request with success. */
async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
}
