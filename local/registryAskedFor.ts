import { Fault } from "../ci/fault";
import { heading } from "../ci/say";
import { type StackRegistry, readStackRegistry } from "../ci/stackFile";
import { checkout, folder, prepareFolder } from "./folder";
import { portOf } from "./ports";
import { requireBuildKitCanStart, startRegistry } from "./services";
import { ensureBuilderTools } from "./tools";

/**
 * Where a published tag is read: where the stack that STACK names publishes, else in REGISTRY, else in the registry of
 * `make up`, which is started. Throws a Fault where STACK is not the one that publishes the tag.
 */
export async function registryAskedFor(stackOfTag: string): Promise<StackRegistry> {
  const stack = process.env["STACK"] ?? "local";
  if (stack !== "local") {
    if (stack === stackOfTag) return readStackRegistry(checkout, stack);
    throw new Fault(`STACK "${stack}" does not publish that tag: stack ${stackOfTag} does. Give STACK=${stackOfTag}.`);
  }
  const given = process.env["REGISTRY"];
  if (given !== undefined) return { registry: given, alias: "" };
  // Whoever asks needs BuildKit next: that it cannot start is said before the registry is built.
  requireBuildKitCanStart(folder);
  // The registry alone: that a tag is not there is said before minutes of set-up.
  heading("Reading what the local registry serves");
  prepareFolder();
  const port = await portOf("registry", folder, "REGISTRY_PORT");
  return { registry: await startRegistry(await ensureBuilderTools(), folder, port), alias: "" };
}
