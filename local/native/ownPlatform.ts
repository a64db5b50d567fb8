import { arch } from "node:os";

import type { Platform } from "../../images/platform";
import { Fault } from "../../lib/errors";

/**
 * The machine's own platform.
 * @throws {Fault} if BuildKit does not run on it as a process
 */
export function ownPlatform(): Platform {
  if (process.platform === "linux" && arch() === "x64") return "linux/amd64";
  if (process.platform === "linux" && arch() === "arm64") return "linux/arm64";
  throw new Fault(
    `BuildKit runs as a process on linux/amd64 and linux/arm64, not on ${process.platform}/${arch()}. ` +
      `Use such a machine or a virtual one.`,
  );
}
