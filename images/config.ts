import * as pulumi from "@pulumi/pulumi";

import { Fault, listProblems } from "../lib/errors";
import type { Language } from "./catalogue";
import {
  type Reader,
  Problems,
  readAlias,
  readBases,
  readBoolean,
  readBuilder,
  readCache,
  readDebianSnapshots,
  readLanguages,
  readPlatforms,
  readPulumiReleases,
  readPulumiVersion,
  readRegistry,
  readSignatures,
  readTag,
  readText,
} from "./configReaders";
import type { Platform } from "./platform";
import type { SignaturePolicy } from "./signature";

/** The stack's config, validated. Pulumi.yaml describes each key and holds the defaults. */
export interface Config {
  /** X.Y.Z */
  readonly pulumiVersion: string;
  /** The image tag to publish. */
  readonly tag: string;
  /**
   * The languages to release: the whole catalogue on stacks dev and prod. The program declares the others all the same, so
   * that `pulumi up --target` leaves them as they are.
   */
  readonly languages: readonly Language[];
  readonly platforms: readonly Platform[];
  /** host[:port][/path]; undefined for ECR Public. */
  readonly registry: string | undefined;
  /** The alias in ECR Public; empty if there is a registry. */
  readonly alias: string;
  /** Whether existing repositories are imported instead of created. */
  readonly adoptRepositories: boolean;
  /** Name of the buildx builder; undefined for the current one. */
  readonly builder: string | undefined;
  /** Build contexts that replace stages of the Dockerfiles, by stage name. */
  readonly bases: Readonly<Record<string, string>>;
  /** URL prefix of Pulumi's archives, without a trailing slash. */
  readonly pulumiReleases: string;
  readonly signatures: SignaturePolicy;
  /** URL prefix of Debian's snapshots, without a trailing slash; empty to use the base image's own sources. */
  readonly debianSnapshots: string;
  /** Repository for the layer cache, host[:port]/path; undefined for none. */
  readonly cache: string | undefined;
  /** A build argument that no Dockerfile declares: a new value pushes every image again, with an unchanged digest. */
  readonly repair: string;
}

/** How each key is read and validated. A new key needs an entry here, in Config and in Pulumi.yaml. */
const readers: { readonly [Key in keyof Config]: Reader<Config[Key]> } = {
  pulumiVersion: readPulumiVersion,
  tag: readTag,
  languages: readLanguages,
  platforms: readPlatforms,
  registry: readRegistry,
  alias: readAlias,
  adoptRepositories: readBoolean,
  builder: readBuilder,
  bases: readBases,
  pulumiReleases: readPulumiReleases,
  signatures: readSignatures,
  debianSnapshots: readDebianSnapshots,
  cache: readCache,
  repair: readText,
};

/**
 * Reads the stack's config.
 * @throws {Fault} that names every problem at once
 */
export function readConfig(): Config {
  const values = new pulumi.Config();
  // Structured values too are read as text, which is JSON: Pulumi's own getters throw at the first problem.
  const text = (key: string) => values.get(key) ?? "";
  const entries = Object.entries(readers).map(
    ([key, read]) => [key, read({ key, text: text(key), other: text, stack: pulumi.getStack() })] as const,
  );
  const problems = entries.flatMap(([, value]) => (value instanceof Problems ? value.sentences : []));
  if (problems.length > 0) throw new Fault(listProblems("The config is invalid:", problems));
  return Object.fromEntries(entries) as unknown as Config;
}

/** Warns if the config does not pin Debian's packages. Not on stack local, where the set-up has said so already. */
export async function warnIfUnpinned({ debianSnapshots }: Pick<Config, "debianSnapshots">): Promise<void> {
  if (debianSnapshots !== "" || pulumi.getStack() === "local") return;
  await pulumi.log.warn(
    "debianSnapshots is empty: Debian packages are not pinned, so a rebuild on another day gets a different digest. " +
      "Set it, for example to http://snapshot.debian.org/archive, to make the release reproducible.",
  );
}
