import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { Fault } from "../../lib/errors";
import type { BuilderTools } from "./builderTools";
import { type Daemon, ensureDaemon } from "./daemon";

/** Settings of a BuildKit beside its folder. */
export interface BuildKitOptions {
  /** The platforms that it must be able to build. */
  readonly platforms: readonly Platform[];
  /** Environment variables, such as a proxy's address. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Starts BuildKit in a folder.
 * @returns its address, a Unix socket
 * @throws {Fault} if it cannot start here or cannot build one of the platforms
 */
export async function startBuildKit(
  tools: BuilderTools,
  folder: string,
  { platforms, env = {} }: BuildKitOptions,
): Promise<string> {
  requireBuildKitCanStart(folder);
  const address = `unix://${socketIn(folder)}`;
  const file = join(folder, "buildkit.toml");
  const config = configFor(tools, folder, address);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, config);
  let missing: readonly Platform[] = [];
  const daemon: Daemon = {
    name: "buildkit",
    command: tools.buildkitd,
    args: ["--config", file],
    env,
    config,
    address,
    whenTaken: "Stop it: only one BuildKit can use a folder.",
    isHealthy: async () => {
      // BuildKit detects the platforms that the kernel runs only when it starts.
      const workers = await execa(tools.buildctl, ["--addr", address, "debug", "workers"], { reject: false });
      missing = workers.failed ? [] : platforms.filter((platform) => !workers.stdout.includes(platform));
      return !workers.failed && missing.length === 0;
    },
  };
  await ensureDaemon(daemon, folder).catch((error: unknown) => {
    throw missing.length === 0 ? error : lacksPlatforms(missing);
  });
  return address;
}

/** @throws {Fault} if BuildKit cannot start in a folder. Called before it is built, which takes minutes. */
export function requireBuildKitCanStart(folder: string): void {
  const uid = process.getuid?.();
  if (uid !== 0) {
    throw new Fault(
      `BuildKit runs as a process here and needs root, but this is uid ${uid}. Run it as root: sudo make up.`,
    );
  }
  const socket = socketIn(folder);
  // unix(7)
  if (Buffer.byteLength(socket) > 107) {
    throw new Fault(`${socket} exceeds the 107 bytes of a socket's path. Clone to a folder with a shorter path.`);
  }
}

function socketIn(folder: string): string {
  return join(folder, "buildkit.sock");
}

/** https://docs.docker.com/build/buildkit/toml-configuration/ */
function configFor({ runc }: BuilderTools, folder: string, address: string): string {
  return [
    `root = ${JSON.stringify(join(folder, "buildkit"))}`,
    `[grpc]`,
    `address = [${JSON.stringify(address)}]`,
    `[worker.oci]`,
    // Required: without it, BuildKit looks for runc on PATH.
    `enabled = true`,
    `binary = ${JSON.stringify(runc)}`,
    `[worker.containerd]`,
    `enabled = false`,
    ``,
  ].join("\n");
}

function lacksPlatforms(missing: readonly Platform[]): Fault {
  return new Fault(
    `BuildKit cannot build for ${missing.join(", ")}: the kernel has no emulator for it. ` +
      `Remove it from PLATFORMS, or check what the kernel has registered: ls /proc/sys/fs/binfmt_misc.`,
  );
}
