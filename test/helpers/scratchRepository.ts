import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { execa } from "execa";

import { checkout } from "../../local/folder";

/** The author of a test's commits, whatever git's settings on this machine are. */
const identity = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "A maintainer",
  GIT_AUTHOR_EMAIL: "maintainer@example.com",
  GIT_COMMITTER_NAME: "A maintainer",
  GIT_COMMITTER_EMAIL: "maintainer@example.com",
};

/** The paths of a bare repository instead of the one on GitHub, and of a maintainer's clone of it. */
export class ScratchRepository {
  private constructor(
    readonly remote: string,
    readonly clone: string,
  ) {}

  /** Creates both in a folder, with an empty main branch. */
  static async create(folder: string): Promise<ScratchRepository> {
    const repository = new ScratchRepository(join(folder, "remote.git"), join(folder, "maintainer"));
    await git(folder, "init", "--quiet", "--bare", "--initial-branch=main", repository.remote);
    await git(folder, "clone", "--quiet", repository.remote, repository.clone);
    return repository;
  }

  /** Runs git in the maintainer's clone and returns its stdout. */
  git(...args: string[]): Promise<string> {
    return git(this.clone, ...args);
  }

  /** Commits files to main by path, undefined to remove one, and pushes. Returns the commit. */
  async commit(subject: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.clone, path)), { recursive: true });
      if (content === undefined) rmSync(join(this.clone, path));
      else writeFileSync(join(this.clone, path), content);
    }
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--allow-empty", `--message=${subject}`);
    await this.git("push", "--quiet", "origin", "HEAD:main");
    return this.git("rev-parse", "HEAD");
  }

  /** Pushes a branch with one commit on top of main, which changes these files. */
  async branch(name: string, files: Readonly<Record<string, string>>): Promise<void> {
    await this.git("checkout", "--quiet", "-B", name, "main");
    for (const [path, content] of Object.entries(files)) writeFileSync(join(this.clone, path), content);
    await this.git("commit", "--quiet", "--all", `--message=Propose ${name}`);
    await this.git("push", "--quiet", "--force", "origin", name);
    await this.git("checkout", "--quiet", "main");
  }

  /** Pushes a tag at a commit. */
  async pushTag(tag: string, commit: string): Promise<void> {
    await this.git("push", "--quiet", "origin", `${commit}:refs/tags/${tag}`);
  }

  /** Deletes a tag of the remote if it exists. */
  async deleteTag(tag: string): Promise<void> {
    if ((await this.git("ls-remote", "--tags", "origin", `refs/tags/${tag}`)) === "") return;
    await this.git("push", "--quiet", "origin", `:refs/tags/${tag}`);
  }
}

/** Runs git as the maintainer of a scratch repository and returns its stdout. */
export async function git(folder: string, ...args: string[]): Promise<string> {
  return (await execa("git", args, { cwd: folder, env: identity })).stdout;
}

/** Lets a clone use the packages of the checkout: a link, and older package files, so that make does not install. */
export async function linkPackages(clone: string): Promise<void> {
  await execa("ln", ["--symbolic", join(checkout, "node_modules"), join(clone, "node_modules")]);
  for (const file of ["package.json", "package-lock.json"]) utimesSync(join(clone, file), 0, 0);
  writeFileSync(join(clone, ".git", "info", "exclude"), "/node_modules\n");
}
