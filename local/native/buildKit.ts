import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { Fault } from "../../lib/errors";
import type { BuilderTools } from "./builderTools";
import { cacheOf } from "../folder";
import { ensureDaemon } from "./daemon";
import { unmountBelow } from "./mounts";

/**
 * BuildKit's cache, in MB: nothing is kept on purpose, 15 GB of the disk stay free, at most 25 GB are used. All languages of
 * some versions, with their smoke tests, need more than 12 GB: each release then built again what the one before had pushed out.
 * What stays free is more than the set-up of another checkout asks for.
 */
const cacheLimits = "0,15000,25000";

const socketIn = (folder: string) => join(folder, "buildkit.sock");

interface BuildKitSettings {
  readonly platforms: readonly Platform[];
  readonly env?: NodeJS.ProcessEnv;
  /** A command that runs BuildKit, whose command line follows. */
  readonly launcher?: readonly string[];
  /** More of BuildKit's options. */
  readonly options?: readonly string[];
}

/** Starts BuildKit, which must be able to build these platforms, with its files in a folder. Returns its address, a Unix socket. */
export async function startBuildKit(
  { buildkitd, buildctl, runc }: BuilderTools,
  folder: string,
  { platforms, env = {}, launcher = [], options = [] }: BuildKitSettings,
): Promise<string> {
  const address = `unix://${socketIn(folder)}`;
  const root = join(cacheOf(folder), "buildkit");
  // The machine's own config, /etc/buildkit/buildkitd.toml, must not matter.
  const config = ["--config=/dev/null", `--root=${root}`, `--addr=${address}`];
  const workers = ["--oci-worker=true", `--oci-worker-binary=${runc}`, "--containerd-worker=false"];
  const limits = `--oci-worker-gc-keepstorage=${cacheLimits}`;
  const [command = "", ...args] = [...launcher, buildkitd, ...config, ...workers, limits, ...options];
  let missing: readonly Platform[] = [];
  const daemon = {
    name: "buildkit",
    command,
    args,
    env,
    address,
    cleanUp: () => unmountBelow(root),
    whenTaken: "Stop it: only one BuildKit can use a folder.",
    isHealthy: async () => {
      // BuildKit detects the platforms that the kernel runs only when it starts.
      const { failed, stdout } = await execa(buildctl, ["--addr", address, "debug", "workers"], {
        reject: false,
        timeout: 10_000,
      });
      missing = failed ? [] : platforms.filter((platform) => !stdout.includes(platform));
      return !failed && missing.length === 0;
    },
  };
  await ensureDaemon(daemon, folder).catch((error: unknown) => {
    if (missing.length === 0) throw error;
    throw new Fault(
      `BuildKit cannot build for ${missing.join(", ")}: the kernel has no emulator for it. ` +
        `Remove it from PLATFORMS, or check what the kernel has registered: ls /proc/sys/fs/binfmt_misc.`,
    );
  });
  return address;
}

/**
 * Checks that BuildKit can start in a folder, before it is built, which takes minutes.
 * @param instead why it does not run in Docker, if that was not the user's choice
 */
export function requireBuildKitCanStart(folder: string, instead?: string): void {
  const uid = process.getuid?.();
  const why = instead === undefined ? "" : ` because ${instead}`;
  const docker = instead === undefined ? "." : ", or use Docker (make doctor).";
  if (process.platform !== "linux") {
    throw new Fault(`BuildKit runs as a process here${why}, which needs Linux, not ${process.platform}. Use Docker.`);
  }
  const needsRoot = `BuildKit runs as a process here${why} and needs root`;
  if (uid !== 0) throw new Fault(`${needsRoot}, but this is uid ${uid}. Run it as root: sudo make up${docker}`);
  const socket = socketIn(folder);
  // unix(7)
  if (Buffer.byteLength(socket) > 107) {
    throw new Fault(`${socket} exceeds the 107 bytes of a socket's path. Clone to a folder with a shorter path.`);
  }
}
