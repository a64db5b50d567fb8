import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import { parse, stringify } from "yaml";

import { checkout } from "./folder";

/** A stack of the program, with config that is not committed. */
export interface Stack {
  readonly name: string;
  /** The environment variables that pulumi runs with. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder that holds the config file, Pulumi.<stack>.yaml. */
  readonly folder: string;
}

/** Values of the program's config, by key. */
export type StackConfig = Readonly<Record<string, unknown>>;

/** The path of the stack's config file. */
export function configFileOf({ name, folder }: Pick<Stack, "name" | "folder">): string {
  return join(folder, `Pulumi.${name}.yaml`);
}

/**
 * Creates the stack where it does not exist, and writes its config. `pulumi stack init` writes its salt beside the
 * Pulumi.yaml that it finds: it finds a copy, so that the committed files stay as they are.
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

/** What the stack's config file holds under a key of the program, if anything. */
export async function configValue(stack: Stack, key: string): Promise<unknown> {
  return (await readConfigFile(stack)).config?.[configKey(key)];
}

/** A key of the program's own config has no namespace here. */
function configKey(key: string): string {
  return key.includes(":") ? key : `runner-pulumi:${key}`;
}

async function readConfigFile(stack: Stack): Promise<{ config?: Record<string, unknown> }> {
  const file = configFileOf(stack);
  return existsSync(file) ? (parse(await readFile(file, "utf8")) as { config?: Record<string, unknown> }) : {};
}
