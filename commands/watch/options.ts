import type { Octokit } from "@octokit/rest";

import type { SignaturePolicy } from "../../images/signature";
import type { Withdrawn } from "../../images/withdrawals";
import type { Clone } from "../../lib/git";
import type { Repository } from "../../lib/github";
import type { WatchConfig } from "./config";
import type { Origin } from "./origin";

/** What a watch works with. */
export interface WatchOptions {
  /** A clone whose origin gets the tags. Its git credentials decide whether the tags start workflows. */
  readonly clone: Clone;
  readonly octokit: Octokit;
  /** The origin on GitHub. Its release workflow is dispatched. */
  readonly repository: Repository;
  readonly config: WatchConfig;
  /** The URL prefix of Pulumi's archives that the build uses. */
  readonly pulumiReleases: string;
  /** The signature policy of the build. */
  readonly signatures: SignaturePolicy;
  /** Only reports what would be pushed and dispatched. */
  readonly dryRun: boolean;
}

/** The state of the origin when a watch begins. */
export interface OriginState {
  readonly origin: Origin;
  /** The commit of main. */
  readonly commit: string;
  readonly withdrawn: Withdrawn;
  readonly gitTags: readonly string[];
}
