import type { ImageConfig } from "../../lib/oci/image";
import type { Finding } from "./likelyCauses";

/** Compares two image configs: labels, environment variables, history, every other key, and the number of layers. */
export function compareConfigs(served: ImageConfig, rebuilt: ImageConfig): Finding[] {
  const [before, after] = [configValues(served), configValues(rebuilt)];
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
  return keys.map((key) => {
    const line = `${key}: ${shorten(before.get(key))} → ${shorten(after.get(key))}`;
    return { kind: "config", key, lines: [line] };
  });
}

/** The values of a config, by a name to print. */
function configValues({ config = {}, history = [], rootfs = {}, ...others }: ImageConfig): Map<string, string> {
  const { Labels, Env, ...settings } = config;
  const steps = history.map((step, index) => [`${index + 1}`, `${step.created_by} (${step.created})`] as const);
  return new Map([
    ...named("label ", Object.entries(Labels ?? {})),
    ...named("variable ", variablesOf(Env ?? [])),
    ...named("", Object.entries({ ...others, ...settings, layers: rootfs.diff_ids?.length ?? 0 })),
    ...named("step ", steps),
  ]);
}

function named(prefix: string, entries: Iterable<readonly [string, unknown]>): [string, string][] {
  return [...entries].map(([name, value]) => [
    `${prefix}${name}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}

/** Keeps both values of a duplicate variable: runtimes differ on which one wins. */
function variablesOf(env: readonly string[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const entry of env) {
    const [name = "", value = ""] = entry.split(/=(.*)/s);
    variables.set(name, variables.has(name) ? `${variables.get(name)}, then ${value}` : value);
  }
  return variables;
}

const maxValueLength = 160;

function shorten(value: string | undefined): string {
  if (value === undefined) return "none";
  return value.length > maxValueLength ? `${value.slice(0, maxValueLength)}…` : value;
}
