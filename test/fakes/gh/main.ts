// A fake of GitHub's CLI: the subcommands and flags that the workflows use, on a JSON file instead of GitHub. Anything else
// is an error. https://cli.github.com/manual/gh_pr_comment, https://cli.github.com/manual/gh_release
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { type ReleaseNotes, bot, changeState, readState, stateVariable } from "./state";

const file = process.env[stateVariable] ?? "";
const repository = process.env["GH_REPO"];
const { comments, releases, runs, repository: remote } = readState(file);

const flag = { type: "boolean" } as const;
const value = { type: "string" } as const;
const releaseOptions = { "verify-tag": flag, "notes-file": value, latest: value } as const;

/** Adds a comment to a pull request, or replaces the user's own last one. */
function comment(args: string[]): void {
  const options = { "edit-last": flag, "create-if-none": flag, "body-file": value } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  if (!values["edit-last"] || !values["create-if-none"]) throw new Error("the fake only edits, or creates if none");
  const body = readBody(values["body-file"]);
  // GitHub's own limit.
  if (body.length > 65_536) throw new Error("GraphQL: Body is too long (maximum is 65536 characters) (addComment)");
  const own = { pullRequest: Number(onlyArgument(positionals)), author: bot, body };
  const last = comments.findLastIndex((other) => other.pullRequest === own.pullRequest && other.author === bot);
  changeState(file, { comments: last === -1 ? [...comments, own] : comments.with(last, own) });
}

/** Lists the tags of release notes, by default drafts too. The fake does not have jq, so it knows one filter. */
function listReleases(args: string[]): void {
  const options = { limit: value, json: value, jq: value, "exclude-drafts": flag } as const;
  const { values } = parseArgs({ args, options });
  if (values.json !== "tagName" || values.jq !== ".[].tagName") throw new Error("unknown field or filter");
  const listed = releases.filter(({ isDraft }) => !(values["exclude-drafts"] && isDraft));
  for (const { tagName } of listed.slice(0, Number(values.limit ?? 30))) console.log(tagName);
}

/** Lists the runs of the release workflow that have ended, newest first, one per line. */
function listRuns(args: string[]): void {
  const options = { workflow: value, status: value, limit: value, json: value, jq: value } as const;
  const { values } = parseArgs({ args, options });
  if (values.workflow !== "release.yml" || values.status !== "completed") throw new Error("unknown workflow or status");
  const fields = ["conclusion", "event", "headSha", "displayTitle"] as const;
  if (values.json !== fields.join(",") || values.jq !== `.[] | "${fields.map((name) => `\\(.${name})`).join(" ")}"`) {
    throw new Error("unknown field or filter");
  }
  for (const run of runs.slice(0, Number(values.limit ?? 20))) console.log(fields.map((name) => run[name]).join(" "));
}

/** Publishes notes. GitHub calls new ones its latest unless it is told not to. */
function createRelease(args: string[]): void {
  const options = { ...releaseOptions, title: value } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  const tagName = onlyArgument(positionals);
  if (values["verify-tag"]) requireTag(tagName);
  if (releases.some((other) => other.tagName === tagName && !other.isDraft)) {
    throw new Error(`a release with the same tag name already exists: ${tagName}`);
  }
  const [title, body] = [values.title ?? "", readBody(values["notes-file"])];
  save({ tagName, title, body, isDraft: false, isLatest: readBoolean(values.latest) ?? true }, releases);
}

/** Edits the notes of a tag, published ones or a draft. */
function editRelease(args: string[]): void {
  const options = { ...releaseOptions, tag: value, draft: value } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  // Like gh, which verifies a tag only if it is given as a flag.
  if (values["verify-tag"] && values.tag !== undefined) requireTag(values.tag);
  const existing = releases.find(({ tagName }) => tagName === onlyArgument(positionals));
  if (existing === undefined) throw new Error("release not found");
  const tagName = values.tag ?? existing.tagName;
  const isDraft = readBoolean(values.draft) ?? existing.isDraft;
  const isLatest = readBoolean(values.latest) ?? existing.isLatest;
  const others = releases.filter((other) => other !== existing);
  save({ ...existing, tagName, isDraft, isLatest, body: readBody(values["notes-file"]) }, others);
}

/** Saves notes first in the list, as the newest. There is one latest. */
function save(notes: ReleaseNotes, others: readonly ReleaseNotes[]): void {
  const rest = notes.isLatest ? others.map((other) => ({ ...other, isLatest: false })) : others;
  changeState(file, { releases: [notes, ...rest] });
  console.log(`https://github.com/${repository}/releases/tag/${notes.tagName}`);
}

function onlyArgument(positionals: readonly string[]): string {
  const [only, ...others] = positionals;
  if (only === undefined || others.length > 0) throw new Error(`accepts 1 arg(s), received ${positionals.length}`);
  return only;
}

function readBody(path: string | undefined): string {
  if (path === undefined) throw new Error("flags required when not running interactively");
  return readFileSync(path === "-" ? 0 : path, "utf8");
}

function readBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== "true" && text !== "false") throw new Error(`invalid boolean value "${text}"`);
  return text === "true";
}

function requireTag(tag: string): void {
  try {
    const args = ["-C", remote, "rev-parse", "--verify", "--quiet", `refs/tags/${tag}`];
    execFileSync("git", args, { stdio: "ignore" });
  } catch {
    throw new Error(`tag ${tag} doesn't exist in the repo ${repository}, aborting due to --verify-tag flag`);
  }
}

const commands: Readonly<Record<string, (args: string[]) => void>> = {
  "pr comment": comment,
  "run list": listRuns,
  "release list": listReleases,
  "release create": createRelease,
  "release edit": editRelease,
};

const [group, name, ...rest] = process.argv.slice(2);
try {
  // The steps run in no clone, so gh finds the repository by GH_REPO alone.
  if (!process.env["GH_TOKEN"] || !repository) throw new Error("set GH_TOKEN and GH_REPO");
  const command = commands[`${group} ${name}`];
  if (command === undefined) throw new Error(`unknown command "${group} ${name}" for "gh"`);
  command(rest);
} catch (error) {
  console.error(String((error as Error).message));
  process.exitCode = 1;
}
