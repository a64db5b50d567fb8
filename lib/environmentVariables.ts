import { Fault } from "./errors";

/** Reads variables. An empty one is missing: GitHub sets it if its expression has no value. @throws {Fault} that names all */
export function requireVariables<Name extends string>(names: readonly Name[], env = process.env) {
  const missing = names.filter((name) => !env[name]);
  if (missing.length === 0) return Object.fromEntries(names.map((name) => [name, env[name]])) as Record<Name, string>;
  const example = missing.map((name) => `${name}=…`).join(" ");
  throw new Fault(`Missing ${missing.join(" and ")}. Set ${missing.length === 1 ? "it" : "them"}: make … ${example}`);
}

/** A variable's value; undefined if it is not set or empty. */
export function readVariable(name: string, env = process.env): string | undefined {
  return env[name] || undefined;
}
