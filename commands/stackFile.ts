// Reads the files of the stacks in a checkout, for commands that run without Pulumi's engine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "yaml";

import type { RegistryAddress } from "../images/repositoryUri";
import { type SignaturePolicy, isSignaturePolicy, signaturePolicies } from "../images/signature";
import { Fault, messageOf } from "../lib/errors";

/**
 * Reads where a stack publishes its images from Pulumi.<stack>.yaml of a checkout.
 * @throws {Fault} if the file names no registry and no alias
 */
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
 * Reads the URL that stack prod downloads Pulumi from: its own pulumiReleases, else the default in Pulumi.yaml.
 * @throws {Fault} if neither is set
 */
export async function readPulumiReleases(folder: string): Promise<string> {
  const url = await readValue(folder, "prod", "pulumiReleases");
  if (url !== undefined) return url;
  const file = join(folder, "Pulumi.yaml");
  throw new Fault(`${file} has no default for pulumiReleases. Set the URL prefix of Pulumi's archives.`);
}

/**
 * Reads a stack's policy for Pulumi's signatures: its own, else the default in Pulumi.yaml, else `required`.
 * @throws {Fault} if it is not a policy
 */
export async function readSignatures(folder: string, stack: string): Promise<SignaturePolicy> {
  const policy = (await readValue(folder, stack, "signatures")) ?? "required";
  if (isSignaturePolicy(policy)) return policy;
  throw new Fault(
    `signatures ${JSON.stringify(policy)} of stack ${stack} is not a policy. Use one of ${signaturePolicies.join(", ")} ` +
      `in ${fileOf(folder, stack)}.`,
  );
}

/** A key's value on a stack: the one in the stack's file, else the default in Pulumi.yaml. */
async function readValue(folder: string, stack: string, key: string): Promise<string | undefined> {
  const value = await readValues(folder, stack);
  const schema = asObject(asObject(await readParsed(join(folder, "Pulumi.yaml"), parse))["config"]);
  return value(key) ?? text(asObject(schema[key])["default"]);
}

/** Returns a function from a key to its value in a stack's file, undefined if it is not set. */
async function readValues(folder: string, stack: string): Promise<(key: string) => string | undefined> {
  const config = asObject(asObject(await readParsed(fileOf(folder, stack), parse))["config"]);
  return (key) => text(config[`runner-pulumi:${key}`]);
}

function fileOf(folder: string, stack: string): string {
  return join(folder, `Pulumi.${stack}.yaml`);
}

/**
 * Reads and parses a file of a checkout.
 * @throws {Fault} if that fails
 */
export async function readParsed(file: string, parseText: (text: string) => unknown): Promise<unknown> {
  try {
    return parseText(await readFile(file, "utf8"));
  } catch (error) {
    throw new Fault(`${file} cannot be read: ${messageOf(error)}. Check it out again.`);
  }
}

/** The value as an object; an empty one if it is something else. */
export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A text that is not empty: an empty value in the config means that it is not set. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
