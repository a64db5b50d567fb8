import { parseGitTag } from "../../images/gitTag";
import { Fault } from "../../lib/errors";

/** An image tag that can be verified. */
export interface ImageTag {
  readonly tag: string;
  /** The Pulumi version that its images should have, X.Y.Z; undefined for `latest` without a version. */
  readonly version: string | undefined;
  /** The stack that publishes it. */
  readonly stack: "dev" | "prod";
}

/**
 * Parses a git tag, or `latest`, as the image tag that it publishes.
 * @throws {Fault} that names the accepted forms if it has none of them
 */
export function requireImageTag(text: string): ImageTag {
  if (text === "latest") return { tag: text, version: undefined, stack: "prod" };
  const release = parseGitTag(text);
  if (release !== undefined) return { tag: release.tag, version: release.pulumiVersion, stack: release.stack };
  throw new Fault(
    `Tag ${JSON.stringify(text)} is not a release tag. Use dev-vX.Y.Z, vX.Y.Z, latest-vX.Y.Z (such as v3.66.0) or latest.`,
  );
}
