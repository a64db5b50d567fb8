// What the bench releases, and how.
import { catalogue } from "../../images/catalogue";
import type { TestStack } from "../helpers/testStack";

/** Two versions of Pulumi that every machine has, the second one newer. */
export const [older, newer] = ["3.64.0", "3.66.0"] as const;

/** The names of all languages. */
export const languages = catalogue.map(({ name }) => name);

/** The config that releases a version, by default under its own tag. */
export const release = (version: string, tag = `v${version}`) => ({ pulumiVersion: version, tag });

/** Runs `pulumi up`. @throws with the end of its output if it fails: a failed update's time means nothing */
export async function up(stack: TestStack, config: Record<string, unknown>, setting?: Parameters<TestStack["up"]>[1]) {
  const options = ["--suppress-outputs", ...(setting?.options ?? [])];
  const { failed, output } = await stack.up(config, { ...setting, options });
  if (failed) throw new Error(output.slice(-3000));
}
