// What the fake of GitHub's CLI reads and writes: one repository's comments, release notes and workflow runs, in a JSON file.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** The environment variable that names the file. */
export const stateVariable = "FAKE_GH_STATE";

/** The user that a workflow's own token belongs to. */
export const bot = "github-actions[bot]";

/** A comment on a pull request. */
export interface Comment {
  readonly pullRequest: number;
  readonly author: string;
  readonly body: string;
}

/** The release notes of a git tag. */
export interface ReleaseNotes {
  readonly tagName: string;
  readonly title: string;
  readonly body: string;
  readonly isDraft: boolean;
  /** Whether GitHub calls them its latest. */
  readonly isLatest: boolean;
}

/** A run of the workflow release.yml that has ended. */
export interface WorkflowRun {
  readonly conclusion: string;
  readonly event: string;
  readonly headSha: string;
  readonly displayTitle: string;
}

/** One repository on GitHub. */
export interface GhState {
  /** The path of the bare repository with its tags. */
  readonly repository: string;
  readonly comments: readonly Comment[];
  readonly releases: readonly ReleaseNotes[];
  /** Newest first. */
  readonly runs: readonly WorkflowRun[];
}

/** Reads the state; an empty repository if the file does not exist. */
export function readState(file: string): GhState {
  if (!existsSync(file)) return { repository: "", comments: [], releases: [], runs: [] };
  return JSON.parse(readFileSync(file, "utf8")) as GhState;
}

/** Replaces parts of the state. */
export function changeState(file: string, change: Partial<GhState>): void {
  writeFileSync(file, JSON.stringify({ ...readState(file), ...change }, null, 2));
}

/** Does what GitHub does if a git tag is deleted: its notes become a draft, and so stop being the latest. */
export function draftNotes(file: string, tag: string): void {
  const releases = readState(file).releases.map((notes) =>
    notes.tagName === tag ? { ...notes, isDraft: true, isLatest: false } : notes,
  );
  changeState(file, { releases });
}
