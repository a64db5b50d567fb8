import { logHeading } from "../lib/log";
import { folder, prepareFolder } from "./folder";
import { ensureBuilderTools } from "./native/builderTools";
import { portOf } from "./native/ports";
import { requireBuildKitCanStart, startRegistry } from "./native/services";

/** Starts the registry of `make up` alone, so that a missing tag is found before minutes of set-up. Returns its address. */
export async function localRegistry(): Promise<string> {
  // BuildKit is needed next: if it cannot start, say so before the registry is built.
  requireBuildKitCanStart(folder);
  logHeading("Starting the local registry");
  prepareFolder();
  const port = await portOf("registry", folder, "REGISTRY_PORT");
  return startRegistry(await ensureBuilderTools(), folder, port);
}
