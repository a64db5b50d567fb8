import * as pulumi from "@pulumi/pulumi";

import { Fault, listProblems } from "../lib/errors";
import type { Language } from "./catalogue";
import { type Reader, Refusal, readers } from "./configReaders";
import type { Platform } from "./platform";
import type { SignaturePolicy } from "./signature";

/** The stack's config, validated. Pulumi.yaml describes each key and holds the defaults. */
export interface Config {
  readonly pulumiVersion: string;
  readonly tag: string;
  /** Never empty. */
  readonly languages: readonly Language[];
  readonly platforms: readonly Platform[];
  /** host[:port][/path]; undefined for ECR Public. */
  readonly registry: string | undefined;
  /** Unused if there is a registry. */
  readonly alias: string;
  readonly adoptRepositories: boolean;
  /** Undefined for the current one. */
  readonly builder: string | undefined;
  /** Build contexts by the stage of the Dockerfiles that they replace. */
  readonly bases: Readonly<Record<string, string>>;
  /** Without a trailing slash, as debianSnapshots. */
  readonly pulumiReleases: string;
  readonly signatures: SignaturePolicy;
  readonly debianSnapshots: string;
  /** host[:port]/path; undefined for none. */
  readonly cache: string | undefined;
  /** A build argument that no Dockerfile declares, so it does not change the digest. */
  readonly repair: string;
}

/** Reads the stack's config. @throws {Fault} that names every problem at once */
export function readConfig(): Config {
  const values = new pulumi.Config();
  // Structured values too are read as text, which is JSON: Pulumi's own getters throw at the first problem.
  const textOf = (key: string) => values.get(key) ?? "";
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [key, read] of Object.entries(readers satisfies Readers)) {
    try {
      config[key] = read({
        key,
        text: textOf(key),
        isSet: values.get(key) !== undefined,
        textOf,
        stack: pulumi.getStack(),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new Fault(listProblems("The config is invalid:", problems));
  return config as unknown as Config;
}

/** A new key of the config needs a reader, and an entry in Pulumi.yaml. */
type Readers = { readonly [Key in keyof Config]: Reader<Config[Key]> };

/** Warns if the config does not pin Debian's packages. Not on stack local, where the set-up has said so already. */
export async function warnIfUnpinned({ debianSnapshots }: Pick<Config, "debianSnapshots">): Promise<void> {
  if (debianSnapshots !== "" || pulumi.getStack() === "local") return;
  await pulumi.log.warn(
    "debianSnapshots is empty: Debian packages are not pinned, so a rebuild on another day gets a different digest. " +
      "Set it, for example to http://snapshot.debian.org/archive, to make the release reproducible.",
  );
}
