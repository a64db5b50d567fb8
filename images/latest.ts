import * as semver from "semver";

import { Fault, messageOf } from "../lib/errors";
import { type Credentials, RepositoryClient } from "../lib/oci/repositoryClient";
import type { Language } from "./catalogue";
import type { Config } from "./config";
import { isPulumiVersion } from "./gitTag";
import { versionLabel } from "./labels";
import { type RegistryAddress, repositoryUri } from "./repositoryUri";
import { type Withdrawn, readWithdrawn, rollbackHint } from "./withdrawals";

/** What a language's `latest` serves now: the Pulumi version in its label, if any; or why it cannot be read. */
interface Served {
  readonly language: string;
  readonly version?: string | undefined;
  readonly error?: string;
}

/**
 * Refuses to downgrade `latest`; allows every other tag. A tag that does not exist, an image from before this project and a
 * withdrawn version may be replaced by any version.
 * @throws {Fault} once for all languages, if one serves a newer version or cannot be read
 */
export async function guardLatest(
  config: RegistryAddress & Pick<Config, "tag" | "pulumiVersion"> & { languages: readonly Pick<Language, "name">[] },
  credentials: Credentials | undefined,
  withdrawn: Withdrawn = readWithdrawn(),
): Promise<void> {
  const { tag, languages, pulumiVersion: version } = config;
  if (tag !== "latest") return;
  const served = await Promise.all(
    languages.map(({ name: language }) =>
      new RepositoryClient(repositoryUri(config, language), credentials).labels(tag).then(
        (labels): Served => ({ language, version: labels?.[versionLabel] }),
        (error: unknown): Served => ({ language, error: messageOf(error) }),
      ),
    ),
  );
  const newer = served.filter(
    ({ version: current = "" }) =>
      isPulumiVersion(current) && semver.gt(current, version) && withdrawn[current] === undefined,
  );
  const problems = [...downgrades(newer, version), ...unreadable(served)];
  if (problems.length > 0) throw new Fault(problems.join("\n"));
}

function downgrades(newer: readonly Served[], asked: string): string[] {
  if (newer.length === 0) return [];
  const byVersion = Map.groupBy(newer, ({ version = "" }) => version);
  const versions = [...byVersion.keys()].sort(semver.rcompare);
  const sentences = versions.map((version) => {
    const languages = byVersion
      .get(version)
      ?.map(({ language }) => language)
      .join(", ");
    return `latest of ${languages} is Pulumi ${version}, which is newer than ${asked}.`;
  });
  return [...sentences, `latest is never downgraded. ${rollbackHint(asked, versions)}`];
}

function unreadable(served: readonly Served[]): string[] {
  const sentences = served.flatMap(({ language, error }) =>
    error === undefined ? [] : [`Cannot determine the version of ${language}'s latest: ${error}.`],
  );
  return sentences.length === 0 ? [] : [...sentences, "No tag was moved. Retry when the registry can be read."];
}
