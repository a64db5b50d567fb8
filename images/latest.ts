import * as semver from "semver";

import type { Language } from "./catalogue";
import { messageOf } from "./errors";
import type { Registry } from "./registry";
import { type Credentials, RepositoryClient } from "./registryClient";
import { isPulumiVersion } from "./release";
import { type Withdrawn, howToRollBack, withdrawnVersions } from "./withdrawals";

/** The label that names the version of Pulumi in an image. */
export const versionLabel = "org.opencontainers.image.version";

/**
 * Refuses a release that would make `latest` go back. Reads from the registry which version `latest` is now: it may be
 * older, withdrawn, without a label (an image from before this project) or not there at all. Throws an Error that says
 * what is there, what was asked for and how to roll back, and an Error for any answer that leaves the version unknown.
 */
export async function guardLatest(
  { expectedUri, credentials }: Pick<Registry, "expectedUri" | "credentials">,
  languages: readonly Pick<Language, "name">[],
  pulumiVersion: string,
  withdrawn: Withdrawn = withdrawnVersions,
): Promise<void> {
  const checks = languages.map(({ name }) => refusal(expectedUri(name), pulumiVersion, credentials, withdrawn));
  const refusals = (await Promise.all(checks)).filter((sentence) => sentence !== undefined);
  if (refusals.length > 0) throw new Error(refusals.join("\n"));
}

async function refusal(
  repository: string,
  asked: string,
  credentials: Credentials | undefined,
  withdrawn: Withdrawn,
): Promise<string | undefined> {
  const labels = await new RepositoryClient(repository, credentials).labels("latest").catch((error: unknown) => {
    throw new Error(
      `It cannot be told which version ${repository}:latest is, so it is not moved. ` +
        `${messageOf(error)}. Retry when the registry can be read.`,
    );
  });
  const current = labels?.[versionLabel];
  if (current === undefined || !isPulumiVersion(current)) return undefined;
  if (semver.gte(asked, current) || withdrawn[current] !== undefined) return undefined;
  return (
    `${repository}:latest is Pulumi ${current}, and ${asked} is older: latest does not go back. ` +
    howToRollBack(asked, [current])
  );
}
