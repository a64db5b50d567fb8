// Reads the files of the stacks in a checkout, for commands that run without Pulumi's engine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "yaml";

import type { RegistryAddress } from "../images/repositoryUri";
import { type SignaturePolicy, isSignaturePolicy, signaturePolicies } from "../images/signature";
import { Fault, messageOf } from "../lib/errors";

/** Reads where a stack publishes its images. Its file must name a registry or an alias. */
export async function readStackRegistry(folder: string, stack: string): Promise<RegistryAddress> {
  const { registry, alias } = await readConfig(folder, stack);
  if (registry !== undefined || alias !== undefined) return { registry, alias: alias ?? "" };
  throw new Fault(
    `${fileOf(folder, stack)} has neither runner-pulumi:registry nor runner-pulumi:alias. Set the one that images go to.`,
  );
}

/** Reads the URL prefix of Pulumi's archives on a stack, which must be set. */
export async function readPulumiReleases(folder: string, stack: string): Promise<string> {
  const { pulumiReleases } = await readConfig(folder, stack);
  if (pulumiReleases !== undefined) return pulumiReleases;
  const file = join(folder, "Pulumi.yaml");
  throw new Fault(`${file} has no default for pulumiReleases. Set the URL prefix of Pulumi's archives.`);
}

/** Reads the config in a stack's file as it is, by its full key, such as runner-pulumi:alias. */
export async function readStackConfig(folder: string, stack: string): Promise<Record<string, unknown>> {
  return asObject(asObject(await readParsed(fileOf(folder, stack), parse))["config"]);
}

/** Reads the folder of layers that a stack reads, relative to the program; undefined if it reads none. */
export async function readLayersFolder(folder: string, stack: string): Promise<string | undefined> {
  return (await readConfig(folder, stack)).layers;
}

/** Reads a stack's policy for Pulumi's signatures, `required` by default. */
export async function readSignatures(folder: string, stack: string): Promise<SignaturePolicy> {
  const { signatures: policy = "required" } = await readConfig(folder, stack);
  if (isSignaturePolicy(policy)) return policy;
  throw new Fault(
    `signatures ${JSON.stringify(policy)} of stack ${stack} is not a policy. Use one of ${signaturePolicies.join(", ")} ` +
      `in ${fileOf(folder, stack)}.`,
  );
}

/** The values in the stack's file, else the defaults in Pulumi.yaml. An empty value means that it is not set. */
async function readConfig(folder: string, stack: string): Promise<Partial<Record<string, string>>> {
  const files = [join(folder, "Pulumi.yaml"), fileOf(folder, stack)];
  const [program, own] = await Promise.all(files.map((file) => readParsed(file, parse)));
  const entries = [program, own].flatMap((file) => Object.entries(asObject(asObject(file)["config"])));
  const values = entries.map(([key, value]) => [key.split(":").at(-1), asObject(value)["default"] ?? value]);
  return Object.fromEntries(values.filter(([, value]) => typeof value === "string" && value) as [string, string][]);
}

function fileOf(folder: string, stack: string): string {
  return join(folder, `Pulumi.${stack}.yaml`);
}

/** Reads and parses a file of a checkout. A problem with either is a Fault. */
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
