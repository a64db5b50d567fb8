import * as semver from "semver";

import { Fault, messageOf } from "../lib/errors";
import { type Credentials, RepositoryClient } from "../lib/oci/repositoryClient";
import type { Language } from "./catalogue";
import { isPulumiVersion } from "./gitTag";
import { versionLabel } from "./labels";
import type { Registry } from "./registry";
import { type Withdrawn, readWithdrawn, rollbackHint } from "./withdrawals";

/** What the guard found about one language. */
type Refusal =
  { readonly language: string; readonly newer: string } | { readonly language: string; readonly unreadable: string };

/**
 * Refuses to downgrade `latest`. Reads the Pulumi version of what each language's `latest` serves now. A tag that does not
 * exist, an image from before this project and a withdrawn version may be replaced by any version.
 * @throws {Fault} once for all languages, if one is newer than the version to release or cannot be read
 */
export async function guardLatest(
  { expectedUri, credentials }: Pick<Registry, "expectedUri" | "credentials">,
  languages: readonly Pick<Language, "name">[],
  pulumiVersion: string,
  withdrawn: Withdrawn = readWithdrawn(),
): Promise<void> {
  const checks = languages.map(async ({ name }) =>
    check(name, await readVersion(expectedUri(name), credentials), pulumiVersion, withdrawn),
  );
  const refusals = (await Promise.all(checks)).filter((refusal) => refusal !== undefined);
  if (refusals.length > 0) throw new Fault(describe(refusals, pulumiVersion));
}

/** The version label of a repository's `latest`, undefined without tag or label; or the error if it cannot be read. */
async function readVersion(
  repository: string,
  credentials: Credentials | undefined,
): Promise<string | undefined | Error> {
  return new RepositoryClient(repository, credentials).labels("latest").then(
    (labels) => labels?.[versionLabel],
    (error: unknown) => new Error(messageOf(error)),
  );
}

function check(
  language: string,
  current: string | undefined | Error,
  asked: string,
  withdrawn: Withdrawn,
): Refusal | undefined {
  if (current instanceof Error) return { language, unreadable: current.message };
  if (current === undefined || !isPulumiVersion(current)) return undefined;
  if (semver.gte(asked, current) || withdrawn[current] !== undefined) return undefined;
  return { language, newer: current };
}

function describe(refusals: readonly Refusal[], asked: string): string {
  const newer = refusals.flatMap((refusal) => ("newer" in refusal ? [refusal] : []));
  const versions = [...new Set(newer.map((refusal) => refusal.newer))].sort(semver.rcompare);
  const sentences = versions.map((version) => {
    const languages = newer.filter((refusal) => refusal.newer === version).map(({ language }) => language);
    return `latest of ${languages.join(", ")} is Pulumi ${version}, which is newer than ${asked}.`;
  });
  const unreadable = refusals.flatMap((refusal) => ("unreadable" in refusal ? [refusal] : []));
  return [
    ...sentences,
    ...(newer.length > 0 ? [`latest is never downgraded. ${rollbackHint(asked, versions)}`] : []),
    ...unreadable.map(
      ({ language, unreadable: why }) => `Cannot determine the version of ${language}'s latest: ${why}.`,
    ),
    ...(unreadable.length > 0 ? ["No tag was moved. Retry when the registry can be read."] : []),
  ].join("\n");
}
