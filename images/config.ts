import * as pulumi from "@pulumi/pulumi";

import { Fault, listProblems } from "../lib/errors";
import { defaults, readers } from "./configReaders";

/** The stack's config, validated. Pulumi.yaml describes each key and holds the defaults. */
export type Config = { readonly [Key in keyof typeof readers]: ReturnType<(typeof readers)[Key]> };

/** Reads the stack's config. @throws {Fault} that names every problem at once */
export function readConfig(): Config {
  const values = new pulumi.Config();
  // Structured values too are read as text, which is JSON: Pulumi's own getters throw at the first problem.
  const textOf = (key: string) => values.get(key) ?? defaults[key] ?? "";
  const problems: string[] = [];
  const entries = Object.entries(readers).map(([key, read]) => {
    const raw = { key, text: textOf(key), textOf, stack: pulumi.getStack(), problems };
    return [key, read(raw)] as const;
  });
  if (problems.length > 0) throw new Fault(listProblems("The config is invalid:", problems));
  return Object.fromEntries(entries) as Config;
}

/** Warns if the config does not pin Debian's packages. Not on stack local, where the set-up has said so already. */
export async function warnIfUnpinned({ debianSnapshots }: Pick<Config, "debianSnapshots">): Promise<void> {
  if (debianSnapshots !== "" || pulumi.getStack() === "local") return;
  await pulumi.log.warn(
    "debianSnapshots is empty: Debian packages are not pinned, so a rebuild on another day gets a different digest. " +
      "Set it, for example to http://snapshot.debian.org/archive, to make the release reproducible.",
  );
}
