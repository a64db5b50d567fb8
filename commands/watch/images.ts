import * as semver from "semver";

import { messageOf } from "../../lib/errors";
import { versionLabel } from "../../images/labels";
import { type RegistryAddress, repositoryUri } from "../../images/repositoryUri";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { isPulumiVersion, requireRelease } from "../../images/gitTag";
import { type Withdrawn, withdrawnReason } from "../../images/withdrawals";
import { readStackRegistry } from "../stackFile";
import type { Origin } from "./origin";

/** What of a release is missing in the registry, as far as it can be told. */
export type Completeness = { readonly missing: readonly string[] } | { readonly untold: string };

/** Reads from the registries of the stacks, as anyone may, which images of a release there are. */
export class ReleasedImages {
  private readonly tags = new Map<string, Promise<string[]>>();

  private constructor(
    private readonly origin: Pick<Origin, "languages">,
    private readonly registries: Readonly<Record<"dev" | "prod", RegistryAddress>>,
    private readonly withdrawn: Withdrawn,
  ) {}

  /** Opens the registries that the stacks' files of a checkout name. Throws a Fault where one names none. */
  static async open(origin: Pick<Origin, "languages">, folder: string, withdrawn: Withdrawn): Promise<ReleasedImages> {
    const [dev, prod] = await Promise.all([readStackRegistry(folder, "dev"), readStackRegistry(folder, "prod")]);
    return new ReleasedImages(origin, { dev, prod }, withdrawn);
  }

  /**
   * The languages of a tag whose image is not there, or, where the tag releases `latest`, not of this version yet. Says
   * why where that cannot be told.
   */
  async completeness(gitTag: string): Promise<Completeness> {
    const { stack, pulumiVersion, tag } = requireRelease(gitTag);
    try {
      const languages = await this.origin.languages(gitTag);
      const checks = languages.map(async (language) => {
        const repository = new RepositoryClient(repositoryUri(this.registries[stack], language));
        const served = tag === "latest" ? this.isLatest(repository, pulumiVersion) : this.isThere(repository, tag);
        return (await served) ? [] : [language];
      });
      return { missing: (await Promise.all(checks)).flat() };
    } catch (error) {
      return { untold: messageOf(error) };
    }
  }

  /** Whether there is such a tag. One list answers it for all tags of a repository. */
  private async isThere(repository: RepositoryClient, tag: string): Promise<boolean> {
    const tags = this.tags.get(repository.repository) ?? repository.tags();
    this.tags.set(repository.repository, tags);
    return (await tags).includes(tag);
  }

  /**
   * Whether `latest` is this version, or a higher one that somebody released. An image without a version is from before
   * this project, and a withdrawn version is not to stay.
   */
  private async isLatest(repository: RepositoryClient, version: string): Promise<boolean> {
    const current = (await repository.labels("latest"))?.[versionLabel];
    if (current === undefined || !isPulumiVersion(current)) return false;
    return semver.gte(current, version) && withdrawnReason(current, this.withdrawn) === undefined;
  }
}
