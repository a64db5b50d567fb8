// Reads the files of the stacks in a checkout, for commands that run without Pulumi's engine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "yaml";

import type { RegistryAddress } from "../images/repositoryUri";
import { type SignaturePolicy, isSignaturePolicy, signaturePolicies } from "../images/signature";
import { Fault, messageOf } from "../lib/errors";

/** Reads where a stack publishes its images. Its file must name a registry or an alias. */
export async function readStackRegistry(folder: string, stack: string): Promise<RegistryAddress> {
  const registry = await readValue(folder, stack, "registry");
  const alias = await readValue(folder, stack, "alias");
  if (registry !== undefined || alias !== undefined) return { registry, alias: alias ?? "" };
  throw new Fault(
    `${fileOf(folder, stack)} has neither runner-pulumi:registry nor runner-pulumi:alias. Set the one that images go to.`,
  );
}

/** Reads the URL prefix of Pulumi's archives on stack prod, which must be set. */
export async function readPulumiReleases(folder: string): Promise<string> {
  const url = await readValue(folder, "prod", "pulumiReleases");
  if (url !== undefined) return url;
  const file = join(folder, "Pulumi.yaml");
  throw new Fault(`${file} has no default for pulumiReleases. Set the URL prefix of Pulumi's archives.`);
}

/** Reads a stack's policy for Pulumi's signatures, `required` by default. */
export async function readSignatures(folder: string, stack: string): Promise<SignaturePolicy> {
  const policy = (await readValue(folder, stack, "signatures")) ?? "required";
  if (isSignaturePolicy(policy)) return policy;
  throw new Fault(
    `signatures ${JSON.stringify(policy)} of stack ${stack} is not a policy. Use one of ${signaturePolicies.join(", ")} ` +
      `in ${fileOf(folder, stack)}.`,
  );
}

/** A key's value in the stack's file, else its default in Pulumi.yaml. An empty value means that it is not set. */
async function readValue(folder: string, stack: string, key: string): Promise<string | undefined> {
  const [own, program] = await Promise.all([fileOf(folder, stack), join(folder, "Pulumi.yaml")].map(readConfig));
  const values = [own?.[`runner-pulumi:${key}`], asObject(program?.[key])["default"]];
  return values.find((value): value is string => typeof value === "string" && value !== "");
}

async function readConfig(file: string): Promise<Record<string, unknown>> {
  return asObject(asObject(await readParsed(file, parse))["config"]);
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
