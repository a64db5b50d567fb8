import { ExecaError } from "execa";

import { Fault } from "../../lib/errors";
import { type Clone, gitMessage } from "../../lib/git";

/** What became of the tags of a push. */
export interface Pushed {
  readonly pushed: readonly string[];
  /** Those that somebody else had made by then. */
  readonly madeMeanwhile: readonly string[];
}

/** The repository that a clone is of, as the watch reads and tags it. */
export class Origin {
  constructor(private readonly clone: Clone) {}

  /** Fetches main, and gives its head. Throws a Fault where that cannot be. */
  async fetchMain(): Promise<string> {
    await this.git("fetch", "--quiet", "--no-tags", "origin", "+refs/heads/main:refs/remotes/origin/main");
    return this.git("rev-parse", "refs/remotes/origin/main^{commit}");
  }

  /** Its git tags as they are now. The clone's own may be fewer or others. Throws a Fault where it cannot be read. */
  async tags(): Promise<string[]> {
    const tags = await this.clone.remoteTags().catch((error: unknown) => this.fail("git ls-remote origin", error));
    return [...tags.keys()];
  }

  /** Fetches the commits of its release tags; the clone's own tags stay as they are. Throws a Fault where it cannot. */
  async fetchTags(): Promise<void> {
    const refs = ["v", "latest-v", "dev-v"].map((prefix) => `+refs/tags/${prefix}*:refs/watch/${prefix}*`);
    await this.git("fetch", "--quiet", "--no-tags", "--prune", "origin", ...refs);
  }

  /**
   * The languages whose images a tag is to have: those with a Dockerfile in the tagged commit and on main. One that was
   * added later is not among them, nor one that was retired: main, which releases again, has nothing to build it by.
   * Throws a Fault where the tag or main was not fetched.
   */
  async languages(tag: string): Promise<string[]> {
    const onMain = await this.languagesAt("refs/remotes/origin/main");
    return (await this.languagesAt(`refs/watch/${tag}`)).filter((name) => onMain.includes(name));
  }

  private async languagesAt(commit: string): Promise<string[]> {
    const files = await this.git("ls-tree", "--name-only", commit, "dockerfiles/");
    const names = files.split("\n").flatMap((file) => /^dockerfiles\/([^/]+)\.Dockerfile$/.exec(file)?.[1] ?? []);
    return names.filter((name) => name !== "base");
  }

  /**
   * Pushes tags of a commit, in one push. A tag that somebody else makes at the same time is left as it is. Throws a Fault
   * with what git says where one is not there afterwards.
   */
  async push(commit: string, tags: readonly string[]): Promise<Pushed> {
    const refs = tags.map((tag) => `${commit}:refs/tags/${tag}`);
    try {
      // Hooks of a developer's clone have no say in it.
      return outcome(tags, await this.clone.git("push", "--porcelain", "--no-verify", "origin", ...refs));
    } catch (error) {
      const there = await this.tags();
      const missing = tags.filter((tag) => !there.includes(tag));
      if (missing.length === 0) return outcome(tags, error instanceof ExecaError ? String(error.stdout) : "");
      throw new Fault(
        `${missing.join(", ")} cannot be pushed: ${gitMessage(error)}\n` +
          `Check that the login may create tags of this repository. The next run pushes what is missing.`,
      );
    }
  }

  private async git(...args: string[]): Promise<string> {
    const command = `git ${args.filter((arg) => !arg.startsWith("-")).join(" ")}`;
    return this.clone.git(...args).catch((error: unknown) => this.fail(command, error));
  }

  private fail(command: string, error: unknown): never {
    throw new Fault(`${command} failed: ${gitMessage(error)}\nCheck the origin of the clone, and the login for it.`);
  }
}

/** Tells by git's own account of a push which tags it made: https://git-scm.com/docs/git-push#_output */
function outcome(tags: readonly string[], account: string): Pushed {
  const made = [...account.matchAll(/^\*\t[^\t]*:refs\/tags\/([^\t]+)\t/gm)].map(([, tag]) => tag);
  return {
    pushed: tags.filter((tag) => made.includes(tag)),
    madeMeanwhile: tags.filter((tag) => !made.includes(tag)),
  };
}
