import { join } from "node:path";

import { folder } from "../folder";
import type { BuilderTools } from "./builderTools";
import { answers, ensureDaemon, whenPortTaken } from "./daemon";
import { portOf } from "./ports";

/**
 * Starts a registry, the CNCF's distribution, in a folder. By default, it speaks plain HTTP and allows anonymous pushes.
 * Its own settings `tls` and `auth` protect it. Returns its address, localhost:<port>.
 */
export async function startRegistry(
  tools: BuilderTools,
  parent = folder,
  { tls, auth }: { readonly tls?: object; readonly auth?: object } = {},
): Promise<string> {
  const port = await portOf("registry", parent, parent === folder ? "REGISTRY_PORT" : undefined);
  const file = join(parent, "registry.yml");
  // JSON is YAML. The secret signs uploads that are shared between several registries, so it does not matter here.
  const text = JSON.stringify({
    version: "0.1",
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: join(parent, "registry") }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "local", tls },
    auth,
  });
  const address = `localhost:${port}`;
  const daemon = {
    name: "registry",
    command: tools.registry,
    args: ["serve", file],
    env: { OTEL_TRACES_EXPORTER: "none" },
    config: { file, text },
    address,
    whenTaken: whenPortTaken("REGISTRY_PORT"),
    isHealthy: () => answers(`${tls ? "https" : "http"}://127.0.0.1:${port}/v2/`),
  };
  await ensureDaemon(daemon, parent);
  return address;
}
