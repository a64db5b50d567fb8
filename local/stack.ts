import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import { parse, stringify } from "yaml";

import { asObject } from "../commands/stackFile";
import { messageOf } from "../lib/errors";
import { log } from "../lib/log";
import { writeWhole } from "../lib/writeWhole";
import { repairState } from "./repairState";
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
 * Creates the stack if its backend has none, and replaces its config. The backend is asked each time: its files may have been
 * removed since, or the stack by `pulumi stack rm`. pulumi stores the stack's salt beside the Pulumi.yaml
 * that it finds, so it gets a copy of that file: the committed files do not change.
 */
export async function prepareStack(stack: Stack, config: StackConfig): Promise<void> {
  const { name, folder } = stack;
  const keys = Object.entries(config).map(([key, value]): [string, unknown] => [configKey(key), value]);
  const text = stringify({ ...readConfigFile(stack), config: Object.fromEntries(keys) });
  await mkdir(folder, { recursive: true });
  // Before pulumi reads it.
  writeWhole(configFileOf(stack), text);
  await copyFile(join(checkout, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  repairState(stack.env["PULUMI_BACKEND_URL"]);
  const env = { ...stack.env, PULUMI_STACK: "", PULUMI_OPTION_CONFIG_FILE: "" };
  await execa("pulumi", ["stack", "select", "--create", name, "--non-interactive"], { cwd: folder, env });
  await rm(join(folder, "Pulumi.yaml"));
}

/** What pulumi stores in the file beside the config: the salt of its secrets. Without it, pulumi makes another one. */
function readConfigFile(stack: Stack): object {
  const file = configFileOf(stack);
  try {
    return asObject(existsSync(file) ? parse(readFileSync(file, "utf8")) : {});
  } catch (error) {
    log("config", `${file} is damaged (${messageOf(error).split("\n")[0]}): it is rewritten`);
    return {};
  }
}
