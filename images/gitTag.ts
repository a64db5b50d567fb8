import * as semver from "semver";

import { Fault } from "../lib/errors";

/** What a git tag releases. */
export interface Release {
  readonly stack: "dev" | "prod";
  /** X.Y.Z */
  readonly pulumiVersion: string;
  /** The image tag: `vX.Y.Z`, `dev-vX.Y.Z` or `latest`. */
  readonly tag: string;
}

/**
 * Parses a git tag; undefined if it is not a release tag. `dev-vX.Y.Z` is released on stack dev under its own name, `vX.Y.Z`
 * on stack prod under its own name, `latest-vX.Y.Z` on stack prod as `latest`.
 */
export function parseGitTag(gitTag: string): Release | undefined {
  const [, prefix, pulumiVersion = ""] = /^(dev-|latest-)?v(.*)$/su.exec(gitTag) ?? [];
  if (!isPulumiVersion(pulumiVersion)) return undefined;
  return { stack: prefix === "dev-" ? "dev" : "prod", pulumiVersion, tag: prefix === "latest-" ? "latest" : gitTag };
}

/** Parses a git tag. @throws {Fault} that names the three forms if it has none of them */
export function requireRelease(gitTag: string): Release {
  const release = parseGitTag(gitTag);
  if (release !== undefined) return release;
  throw new Fault(
    `Tag ${JSON.stringify(gitTag)} is not a release tag. Use dev-vX.Y.Z, vX.Y.Z or latest-vX.Y.Z, such as v3.66.0.`,
  );
}

/** Whether the text is a version that can be released: X.Y.Z in canonical form, without prerelease or build metadata. */
export function isPulumiVersion(text: string): boolean {
  const version = semver.parse(text);
  return version?.version === text && version.prerelease.length === 0;
}

/** Whether the text has the form of an image tag that a release publishes. */
export function isImageTag(text: string): boolean {
  return text === "latest" || parseGitTag(text)?.tag === text;
}

/** The image tags under which a stack may publish a Pulumi version. Stacks other than dev and prod may use all of them. */
export function imageTags(pulumiVersion: string, stack: string): string[] {
  const [dev, prod] = [[`dev-v${pulumiVersion}`], [`v${pulumiVersion}`, "latest"]];
  if (stack === "dev") return dev;
  return stack === "prod" ? prod : [...prod, ...dev];
}
