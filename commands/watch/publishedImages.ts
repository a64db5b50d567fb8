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
    const missing: string[] = [];
    // Sequential, because registries limit the requests of anonymous clients.
    for (const language of await this.origin.languages(gitTag)) {
      const client = new RepositoryClient(repositoryUri(this.registries[stack], language));
      const check = tag === "latest" ? this.isLatest(client, pulumiVersion) : this.hasTag(client, tag);
      if (!(await check)) missing.push(language);
    }
    return missing;
  }

  private async hasTag(client: RepositoryClient, tag: string): Promise<boolean> {
    // Listed once, for all git tags.
    const tags = this.tags.get(client.repository) ?? client.tags();
    this.tags.set(client.repository, tags);
    return (await tags).includes(tag);
  }

  private async isLatest(client: RepositoryClient, version: string): Promise<boolean> {
    // Images from before this project have no version.
    const { [versionLabel]: current = "" } = (await client.labels("latest")) ?? {};
    if (!isPulumiVersion(current) || withdrawnReason(current, this.withdrawn) !== undefined) return false;
    return semver.gte(current, version);
  }
}
