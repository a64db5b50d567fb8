import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { folder } from "../folder";
import { type Daemon, answers, ensureDaemon, whenPortTaken } from "../native/daemon";
import { portOf } from "../native/ports";
import { mirrorFolder } from "./mirror";

/**
 * Starts the web server of the mirror of Pulumi's releases.
 * @returns its URL
 */
export async function startMirrorServer(): Promise<string> {
  mkdirSync(mirrorFolder, { recursive: true });
  const port = await portOf("mirror", folder, "MIRROR_PORT");
  const program = join(__dirname, "fileServer.ts");
  const daemon: Daemon = {
    name: "mirror",
    command: process.execPath,
    args: ["--require", "ts-node/register/transpile-only", program, mirrorFolder, String(port)],
    address: `http://localhost:${port}`,
    whenTaken: whenPortTaken("MIRROR_PORT"),
    isHealthy: () => answers(`http://127.0.0.1:${port}/`),
  };
  await ensureDaemon(daemon, folder);
  return daemon.address;
}
