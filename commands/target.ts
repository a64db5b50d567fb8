import type { Language } from "../images/catalogue";
import type { Release } from "../images/gitTag";
import type { ReleasesSource } from "../images/pulumiRelease";
import type { RegistryAddress } from "../images/repositoryUri";
import { Fault } from "../lib/errors";

/** The Pulumi program with a stack selected and configured. */
export interface Project {
  readonly folder: string;
  /** Environment variables for pulumi. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder for pulumi's complete output. */
  readonly logs: string;
  /** If not empty, only these languages are updated. */
  readonly languages: readonly Language[];
  /** Whether only tags are updated. */
  readonly isRollback?: boolean;
  /** What removes the lock that a killed pulumi left. */
  readonly unlock?: string;
  /** The log of the builder, if this machine runs it. */
  readonly builderLog?: string;
  /** The registry, if this machine runs it. */
  readonly registry?: OwnRegistry;
}

/** A registry that this machine runs. */
export interface OwnRegistry {
  /** Where its images are, for people. */
  readonly storage: string;
  /** Reads what it has logged since the command began. */
  readonly log: () => Promise<string>;
}

/** Where a command works: stack dev or prod as its file describes it, or this machine. */
export interface Target {
  readonly stack: "dev" | "prod" | "local";
  /** Decides what a git tag releases here: nothing if another run does. Refuses a tag that may not be released. */
  readonly resolve: (gitTag: string | undefined) => Promise<Release | undefined>;
  /** Where the images of this target are published. */
  readonly registry: () => Promise<RegistryAddress>;
  /** Where Pulumi's releases for this target come from. */
  readonly releases: () => Promise<Pick<ReleasesSource, "pulumiReleases" | "signatures">>;
  /** Selects and configures the stack for a release; no languages means all. A rollback builds no images. */
  readonly prepare: (release: Release, languages: readonly Language[], isRollback?: boolean) => Promise<Project>;
  /** What a person can type after a release of these references. */
  readonly nextSteps?: (references: readonly string[]) => readonly string[];
}

/** Refuses a target that does not publish the tags of a stack. This machine may publish any. */
export function requirePublisher({ stack }: Target, publisher: string): void {
  if (stack === "local" || stack === publisher) return;
  throw new Fault(`STACK "${stack}" does not publish that tag: stack ${publisher} does. Use STACK=${publisher}.`);
}
