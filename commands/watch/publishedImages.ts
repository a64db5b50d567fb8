import * as semver from "semver";

import { isPulumiVersion, requireRelease } from "../../images/gitTag";
import { versionLabel } from "../../images/labels";
import { type RegistryAddress, repositoryUri } from "../../images/repositoryUri";
import { type Withdrawn, withdrawnReason } from "../../images/withdrawals";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import type { Origin } from "./origin";

/** Reads anonymously which images the registries of stacks dev and prod have. */
export class PublishedImages {
  private readonly tags = new Map<string, Promise<string[]>>();

  constructor(
    private readonly origin: Origin,
    private readonly registries: Readonly<Record<"dev" | "prod", RegistryAddress>>,
    private readonly withdrawn: Withdrawn,
  ) {}

  /** Lists the languages whose image does not exist. For `latest`, an image of an older version counts as missing. */
  async missingLanguages(gitTag: string): Promise<string[]> {
    const { stack, pulumiVersion, tag } = requireRelease(gitTag);
    const checks = (await this.origin.languages(gitTag)).map(async (language) => {
      const repository = new RepositoryClient(repositoryUri(this.registries[stack], language));
      const check = tag === "latest" ? this.isLatest(repository, pulumiVersion) : this.hasTag(repository, tag);
      return (await check) ? [] : [language];
    });
    return (await Promise.all(checks)).flat();
  }

  /** Lists a repository's tags once, for all git tags. */
  private async hasTag(repository: RepositoryClient, tag: string): Promise<boolean> {
    const tags = this.tags.get(repository.repository) ?? repository.tags();
    this.tags.set(repository.repository, tags);
    return (await tags).includes(tag);
  }

  /** Whether `latest` is this version or a higher one. Images from before this project have no version. */
  private async isLatest(repository: RepositoryClient, version: string): Promise<boolean> {
    const current = (await repository.labels("latest"))?.[versionLabel];
    if (current === undefined || !isPulumiVersion(current)) return false;
    return semver.gte(current, version) && withdrawnReason(current, this.withdrawn) === undefined;
  }
}
