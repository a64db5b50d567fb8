import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
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
export const configFileOf = ({ name, folder }: Omit<Stack, "env">) => join(folder, `Pulumi.${name}.yaml`);

const configKey = (key: string) => (key.includes(":") ? key : `runner-pulumi:${key}`);

/**
 * Creates the stack if it does not exist, and replaces its config. pulumi stores the stack's salt beside the Pulumi.yaml
 * that it finds, so it gets a copy of that file: the committed files do not change.
 */
export async function prepareStack(stack: Stack, config: StackConfig): Promise<void> {
  const { name, folder } = stack;
  if (!existsSync(configFileOf(stack))) {
    await mkdir(folder, { recursive: true });
    await copyFile(join(checkout, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    const env = { ...stack.env, PULUMI_STACK: "", PULUMI_OPTION_CONFIG_FILE: "" };
    await execa("pulumi", ["stack", "select", "--create", name, "--non-interactive"], { cwd: folder, env });
    await rm(join(folder, "Pulumi.yaml"));
  }
  const keys = Object.entries(config).map(([key, value]): [string, unknown] => [configKey(key), value]);
  await writeFile(configFileOf(stack), stringify({ ...readConfigFile(stack), config: Object.fromEntries(keys) }));
}

function readConfigFile(stack: Stack): { config?: StackConfig } {
  const file = configFileOf(stack);
  return existsSync(file) ? (parse(readFileSync(file, "utf8")) as { config?: StackConfig }) : {};
}
