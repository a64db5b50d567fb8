import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import { parse, stringify } from "yaml";

import { checkout } from "./folder";

/** A stack of the program whose config is not committed. */
export interface Stack {
  readonly name: string;
  /** Environment variables for pulumi. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder of the config file, Pulumi.<stack>.yaml. */
  readonly folder: string;
}

/** Values of the program's config, by key. */
export type StackConfig = Readonly<Record<string, unknown>>;

/** The path of the stack's config file. */
export function configFileOf({ name, folder }: Pick<Stack, "name" | "folder">): string {
  return join(folder, `Pulumi.${name}.yaml`);
}

/**
 * Creates the stack if it does not exist, and replaces its config. pulumi stores the stack's salt beside the Pulumi.yaml
 * that it finds, so it gets a copy of that file: the committed files do not change.
 */
export async function prepareStack(stack: Stack, config: StackConfig): Promise<void> {
  const file = configFileOf(stack);
  if (!existsSync(file)) {
    await mkdir(stack.folder, { recursive: true });
    await copyFile(join(checkout, "Pulumi.yaml"), join(stack.folder, "Pulumi.yaml"));
    await execa("pulumi", ["stack", "select", "--create", stack.name, "--non-interactive"], {
      cwd: stack.folder,
      env: { ...stack.env, PULUMI_STACK: "", PULUMI_OPTION_CONFIG_FILE: "" },
    });
    await rm(join(stack.folder, "Pulumi.yaml"));
  }
  const written = await readConfigFile(stack);
  const keys = Object.entries(config).map(([key, value]): [string, unknown] => [configKey(key), value]);
  await writeFile(file, stringify({ ...written, config: Object.fromEntries(keys) }));
}

/** The value of a key of the program in the stack's config file; undefined if it is not set. */
export async function configValue(stack: Stack, key: string): Promise<unknown> {
  return (await readConfigFile(stack)).config?.[configKey(key)];
}

/** Adds the program's namespace to a key without one. */
function configKey(key: string): string {
  return key.includes(":") ? key : `runner-pulumi:${key}`;
}

async function readConfigFile(stack: Stack): Promise<{ config?: Record<string, unknown> }> {
  const file = configFileOf(stack);
  return existsSync(file) ? (parse(await readFile(file, "utf8")) as { config?: Record<string, unknown> }) : {};
}
