import * as semver from "semver";

/** What one pushed git tag asks for. */
export interface Release {
  /** The stack that publishes it. */
  readonly stack: "dev" | "prod";
  /** The Pulumi version to install, X.Y.Z. */
  readonly pulumiVersion: string;
  /** The image tag to publish. */
  readonly tag: string;
}

const forms = "dev-vX.Y.Z, vX.Y.Z or latest-vX.Y.Z";

/**
 * Tells what a git tag releases. `dev-vX.Y.Z` goes to stack dev under its own name, `vX.Y.Z` to stack prod under its
 * own name, `latest-vX.Y.Z` to stack prod as `latest`. Throws an Error that names the forms for any other tag.
 */
export function parseGitTag(gitTag: string): Release {
  const [, prefix, version] = /^(dev-|latest-)?v(.*)$/su.exec(gitTag) ?? [];
  if (version === undefined || !isPulumiVersion(version)) {
    throw new Error(`Tag ${JSON.stringify(gitTag)} is not a release tag. Push ${forms}.`);
  }
  return {
    stack: prefix === "dev-" ? "dev" : "prod",
    pulumiVersion: version,
    tag: prefix === "latest-" ? "latest" : gitTag,
  };
}

/** What a git tag releases, or undefined where it is of another kind. */
export function releaseOf(gitTag: string): Release | undefined {
  try {
    return parseGitTag(gitTag);
  } catch {
    return undefined;
  }
}

/** Whether the text is a version that can be released: X.Y.Z in canonical form, no prerelease and no build part. */
export function isPulumiVersion(text: string): boolean {
  const version = semver.parse(text);
  return version?.version === text && version.prerelease.length === 0;
}

/** Whether the text has the form of an image tag that a release publishes. */
export function isImageTag(text: string): boolean {
  const [, version = ""] = /^(?:dev-)?v(.*)$/su.exec(text) ?? [];
  return text === "latest" || isPulumiVersion(version);
}

/** The image tags that a stack publishes a Pulumi version under: dev and prod have their own, any other stack has all. */
export function imageTags(pulumiVersion: string, stack: string): string[] {
  const [dev, prod] = [[`dev-v${pulumiVersion}`], [`v${pulumiVersion}`, "latest"]];
  if (stack === "dev") return dev;
  return stack === "prod" ? prod : [...prod, ...dev];
}
