import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { folder } from "../folder";
import type { BuilderTools } from "./builderTools";
import { type Daemon, answers, ensureDaemon, whenPortTaken } from "./daemon";
import { portOf } from "./ports";

/** Files that protect a registry. */
export interface RegistryProtection {
  readonly certificate: string;
  readonly key: string;
  /** Users and their passwords, in the format of htpasswd. */
  readonly users: string;
}

/**
 * Starts the registry of `make up`.
 * @returns its address, localhost:<port>
 */
export async function startLocalRegistry(tools: BuilderTools): Promise<string> {
  return startRegistry(tools, folder, await portOf("registry", folder, "REGISTRY_PORT"));
}

/**
 * Starts a registry, the CNCF's distribution, in a folder. Without protection, it speaks plain HTTP and allows anonymous
 * pushes.
 * @returns its address, localhost:<port>
 */
export async function startRegistry(
  tools: BuilderTools,
  parent: string,
  port: number,
  protection?: RegistryProtection,
): Promise<string> {
  mkdirSync(parent, { recursive: true });
  const file = join(parent, "registry.yml");
  const tls = protection && { certificate: protection.certificate, key: protection.key };
  // JSON is YAML. The secret signs uploads that are shared between several registries, so it does not matter here.
  const config = JSON.stringify({
    version: "0.1",
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: join(parent, "registry") }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "local", tls },
    auth: protection && { htpasswd: { realm: "registry", path: protection.users } },
  });
  writeFileSync(file, config);
  const scheme = protection === undefined ? "http" : "https";
  const daemon: Daemon = {
    name: "registry",
    command: tools.registry,
    args: ["serve", file],
    env: { OTEL_TRACES_EXPORTER: "none" },
    config,
    address: `localhost:${port}`,
    whenTaken: whenPortTaken("REGISTRY_PORT"),
    isHealthy: () => answers(`${scheme}://127.0.0.1:${port}/v2/`),
  };
  await ensureDaemon(daemon, parent);
  return daemon.address;
}
