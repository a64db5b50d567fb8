// A fake of GitHub's CLI: the subcommands and flags that the workflows use, on a JSON file instead of GitHub. Anything else
// is an error. https://cli.github.com/manual/gh_pr_comment, https://cli.github.com/manual/gh_release
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { type ReleaseNotes, bot, changeState, readState, stateVariable } from "./state";

const file = process.env[stateVariable] ?? "";

/** An error that gh prints, with its exit code. https://cli.github.com/manual/gh_help_exit-codes */
class GhError extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}

/** Adds a comment to a pull request, or replaces the user's own last one. */
function comment(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      "edit-last": { type: "boolean" },
      "create-if-none": { type: "boolean" },
      "body-file": { type: "string" },
    },
  });
  if (values["create-if-none"] && !values["edit-last"]) {
    throw new GhError("`--create-if-none` can only be used with `--edit-last`");
  }
  const body = readBody(values["body-file"]);
  // GitHub's own limit.
  if (body.length > 65_536) throw new GhError("GraphQL: Body is too long (maximum is 65536 characters) (addComment)");
  const pullRequest = Number(onlyArgument(positionals));
  const { comments } = readState(file);
  const last = comments.findLastIndex((other) => other.pullRequest === pullRequest && other.author === bot);
  if (last === -1 && values["edit-last"] && !values["create-if-none"]) {
    throw new GhError("no comments found for current user");
  }
  const own = { pullRequest, author: bot, body };
  const edits = values["edit-last"] === true && last !== -1;
  changeState(file, { comments: edits ? comments.with(last, own) : [...comments, own] });
}

/** Lists the tags of all release notes, drafts included. The fake does not have jq, so it knows one filter. */
function listReleases(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: { limit: { type: "string" }, json: { type: "string" }, jq: { type: "string" } },
  });
  if (values.json !== "tagName" || values.jq !== ".[].tagName") throw new GhError("unknown field or filter");
  const { releases } = readState(file);
  for (const { tagName } of releases.slice(0, Number(values.limit ?? 30))) console.log(tagName);
}

const releaseOptions = {
  "verify-tag": { type: "boolean" },
  "notes-file": { type: "string" },
  latest: { type: "string" },
} as const;

/** Publishes notes. GitHub calls new ones its latest unless it is told not to. */
function createRelease(args: string[]): void {
  const options = { ...releaseOptions, title: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  const tagName = onlyArgument(positionals);
  if (values["verify-tag"]) requireTag(tagName);
  const { releases } = readState(file);
  if (releases.some((other) => other.tagName === tagName && !other.isDraft)) {
    throw new GhError(`a release with the same tag name already exists: ${tagName}`);
  }
  const isLatest = readBoolean(values.latest) ?? true;
  save({ tagName, title: values.title ?? "", body: readBody(values["notes-file"]), isDraft: false, isLatest }, [
    ...releases,
  ]);
}

/** Edits the notes of a tag, published ones or a draft. */
function editRelease(args: string[]): void {
  const options = { ...releaseOptions, tag: { type: "string" }, draft: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  const tagName = onlyArgument(positionals);
  // Like gh, which verifies a tag only if it is given as a flag.
  if (values["verify-tag"] && values.tag !== undefined) requireTag(values.tag);
  const { releases } = readState(file);
  const existing = releases.find((other) => other.tagName === tagName);
  if (existing === undefined) throw new GhError("release not found");
  const isDraft = readBoolean(values.draft) ?? existing.isDraft;
  const isLatest = readBoolean(values.latest) ?? (existing.isDraft && !isDraft ? true : existing.isLatest);
  const edited = { ...existing, tagName: values.tag ?? tagName, isDraft, isLatest };
  const body = values["notes-file"] === undefined ? existing.body : readBody(values["notes-file"]);
  save(
    { ...edited, body },
    releases.filter((other) => other !== existing),
  );
}

/** Saves notes first in the list, as the newest. There is one latest. */
function save(notes: ReleaseNotes, others: readonly ReleaseNotes[]): void {
  const rest = notes.isLatest ? others.map((other) => ({ ...other, isLatest: false })) : others;
  changeState(file, { releases: [notes, ...rest] });
  console.log(`https://github.com/${process.env["GH_REPO"]}/releases/tag/${notes.tagName}`);
}

function onlyArgument(positionals: readonly string[]): string {
  const [only, ...others] = positionals;
  if (only === undefined || others.length > 0) throw new GhError(`accepts 1 arg(s), received ${positionals.length}`);
  return only;
}

function readBody(path: string | undefined): string {
  if (path === undefined) throw new GhError("flags required when not running interactively");
  return readFileSync(path === "-" ? 0 : path, "utf8");
}

function readBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== "true" && text !== "false") throw new GhError(`invalid boolean value "${text}"`);
  return text === "true";
}

function requireTag(tag: string): void {
  try {
    const args = ["-C", readState(file).repository, "rev-parse", "--verify", "--quiet", `refs/tags/${tag}`];
    execFileSync("git", args, { stdio: "ignore" });
  } catch {
    throw new GhError(
      `tag ${tag} doesn't exist in the repo ${process.env["GH_REPO"]}, aborting due to --verify-tag flag`,
    );
  }
}

const commands: Readonly<Record<string, (args: string[]) => void>> = {
  "pr comment": comment,
  "release list": listReleases,
  "release create": createRelease,
  "release edit": editRelease,
};

const [group, name, ...rest] = process.argv.slice(2);
try {
  // The steps run in no clone, so gh finds the repository by GH_REPO alone.
  if (!process.env["GH_TOKEN"] || !process.env["GH_REPO"]) throw new GhError("set GH_TOKEN and GH_REPO", 4);
  const command = commands[`${group} ${name}`];
  if (command === undefined) throw new GhError(`unknown command "${group} ${name}" for "gh"`);
  command(rest);
} catch (error) {
  console.error(String((error as Error).message));
  process.exitCode = error instanceof GhError ? error.exitCode : 1;
}
