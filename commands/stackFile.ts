// What the files of the stacks in a checkout say, for commands that run without the engine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "yaml";

import { Fault, messageOf } from "../lib/errors";
import type { RegistryAddress } from "../images/repositoryUri";
import { type SignaturePolicy, isSignaturePolicy, signaturePolicies } from "../images/signature";

/** Reads where a stack's images go from Pulumi.<stack>.yaml of a checkout. Throws a Fault where it does not say. */
export async function readStackRegistry(folder: string, stack: string): Promise<RegistryAddress> {
  const value = await readValues(folder, stack);
  const [registry, alias] = [value("registry"), value("alias")];
  if (registry === undefined && alias === undefined) {
    throw new Fault(
      `${fileOf(folder, stack)} has neither runner-pulumi:registry nor runner-pulumi:alias. Set the one that images go to.`,
    );
  }
  return { registry, alias: alias ?? "" };
}

/**
 * The URL that the build of prod gets Pulumi from: runner-pulumi:pulumiReleases of the stack's file in a checkout, else
 * the default of Pulumi.yaml. Throws a Fault where neither names one.
 */
export async function readPulumiReleases(folder: string): Promise<string> {
  const url = await readValue(folder, "prod", "pulumiReleases");
  if (url !== undefined) return url;
  const file = join(folder, "Pulumi.yaml");
  throw new Fault(`${file} has no default for pulumiReleases. Set the URL prefix of Pulumi's archives.`);
}

/**
 * What the build of a stack asks of the signatures of Pulumi's releases, found as the URL is; `required` where nothing
 * is said, as for the build. Throws a Fault where it is no policy.
 */
export async function readSignatures(folder: string, stack: string): Promise<SignaturePolicy> {
  const policy = (await readValue(folder, stack, "signatures")) ?? "required";
  if (isSignaturePolicy(policy)) return policy;
  throw new Fault(
    `signatures ${JSON.stringify(policy)} of stack ${stack} is not a policy. Give ${signaturePolicies.join(", ")} ` +
      `in ${fileOf(folder, stack)}.`,
  );
}

/** A key's value on a stack: what the stack's file says, else the default of Pulumi.yaml. */
async function readValue(folder: string, stack: string, key: string): Promise<string | undefined> {
  const value = await readValues(folder, stack);
  const schema = asObject(asObject(await readParsed(join(folder, "Pulumi.yaml"), parse))["config"]);
  return value(key) ?? text(asObject(schema[key])["default"]);
}

/** The builder that a stack releases with, by its file in a checkout; undefined for buildx's current one. */
export async function readBuilder(folder: string, stack: string): Promise<string | undefined> {
  return (await readValues(folder, stack))("builder");
}

/** Gives the values of a stack's file by their keys, undefined for one that is not set. */
async function readValues(folder: string, stack: string): Promise<(key: string) => string | undefined> {
  const config = asObject(asObject(await readParsed(fileOf(folder, stack), parse))["config"]);
  return (key) => text(config[`runner-pulumi:${key}`]);
}

function fileOf(folder: string, stack: string): string {
  return join(folder, `Pulumi.${stack}.yaml`);
}

/** Reads a file of a checkout. Throws a Fault where it cannot be read or parsed. */
export async function readParsed(file: string, parseText: (text: string) => unknown): Promise<unknown> {
  try {
    return parseText(await readFile(file, "utf8"));
  } catch (error) {
    throw new Fault(`${file} cannot be read: ${messageOf(error)}. Check it out again.`);
  }
}

/** What is read by its keys: no object has none. */
export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A text that says something: an empty one is how the config leaves a value out. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
