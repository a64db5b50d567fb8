import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "yaml";

import { messageOf } from "../../images/errors";
import { isPulumiVersion } from "../../images/release";
import { type SignaturePolicy, isSignaturePolicy, signaturePolicies } from "../../images/signature";
import { Fault } from "../fault";

/** What is watched. */
export interface WatchConfig {
  /** The repository whose releases are watched, owner/name. */
  readonly repository: string;
  /** The first version that is released from here: what is older is left as it is. */
  readonly firstVersion: string;
}

/** Where a stack's images go, by the stack's file. */
export interface StackRegistry {
  readonly registry: string | undefined;
  readonly alias: string;
}

/**
 * Reads ci/watch/watched.json of a checkout. Throws a Fault that names every value that cannot be used.
 */
export async function readWatchConfig(folder: string): Promise<WatchConfig> {
  const file = join(folder, "ci", "watch", "watched.json");
  const { repository, firstVersion, ...others } = asObject(await read(file, (text) => JSON.parse(text) as unknown));
  const faults = Object.keys(others).map((key) => `unknown key ${JSON.stringify(key)}`);
  if (!isRepository(repository)) {
    faults.push(`repository ${JSON.stringify(repository)} is not owner/name, such as pulumi/pulumi`);
  }
  if (typeof firstVersion !== "string" || !isPulumiVersion(firstVersion)) {
    faults.push(`firstVersion ${JSON.stringify(firstVersion)} is not a version, X.Y.Z`);
  }
  if (faults.length > 0) throw new Fault(`${file} cannot be used: ${faults.join("; ")}. Correct it.`);
  return { repository: repository as string, firstVersion: firstVersion as string };
}

/** Whether the value names a repository as GitHub does, owner/name. */
export function isRepository(value: unknown): value is string {
  return typeof value === "string" && /^[\w.-]+\/[\w.-]+$/.test(value);
}

/** Reads where a stack's images go from Pulumi.<stack>.yaml of a checkout. Throws a Fault where it does not say. */
export async function readStackRegistry(folder: string, stack: string): Promise<StackRegistry> {
  const file = join(folder, `Pulumi.${stack}.yaml`);
  const values = asObject(asObject(await read(file, parse))["config"]);
  const [registry, alias] = ["registry", "alias"].map((key) => text(values[`runner-pulumi:${key}`]));
  if (registry === undefined && alias === undefined) {
    throw new Fault(
      `${file} has neither runner-pulumi:registry nor runner-pulumi:alias. Set the one that images go to.`,
    );
  }
  return { registry, alias: alias ?? "" };
}

/**
 * The URL that the build of prod gets Pulumi from: runner-pulumi:pulumiReleases of the stack's file in a checkout, else
 * the default of Pulumi.yaml. Throws a Fault where neither names one.
 */
export async function readPulumiReleases(folder: string): Promise<string> {
  const url = await readProdValue(folder, "pulumiReleases");
  if (url !== undefined) return url;
  const file = join(folder, "Pulumi.yaml");
  throw new Fault(`${file} has no default for pulumiReleases. Set the URL prefix of Pulumi's archives.`);
}

/**
 * What the build of prod asks of the signatures of Pulumi's releases, found as the URL is; `required` where nothing is
 * said, as for the build. Throws a Fault where it is no policy.
 */
export async function readSignatures(folder: string): Promise<SignaturePolicy> {
  const policy = (await readProdValue(folder, "signatures")) ?? "required";
  if (isSignaturePolicy(policy)) return policy;
  throw new Fault(
    `signatures ${JSON.stringify(policy)} of stack prod is not a policy. Give ${signaturePolicies.join(", ")} ` +
      `in ${join(folder, "Pulumi.prod.yaml")}.`,
  );
}

/** A key's value on stack prod: what the stack's file says, else the default of Pulumi.yaml. */
async function readProdValue(folder: string, key: string): Promise<string | undefined> {
  const stack = asObject(asObject(await read(join(folder, "Pulumi.prod.yaml"), parse))["config"]);
  const schema = asObject(asObject(await read(join(folder, "Pulumi.yaml"), parse))["config"]);
  return text(stack[`runner-pulumi:${key}`]) ?? text(asObject(schema[key])["default"]);
}

async function read(file: string, parseText: (text: string) => unknown): Promise<unknown> {
  try {
    return parseText(await readFile(file, "utf8"));
  } catch (error) {
    throw new Fault(`${file} cannot be read: ${messageOf(error)}. Check it out again.`);
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A text that says something: an empty one is how the config leaves a value out. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
