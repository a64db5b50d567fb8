import { ExecaError } from "execa";

import { Fault } from "../../lib/errors";
import { type Clone, gitMessage } from "../../lib/git";

/** The origin of a clone, as the watch reads and tags it. Every method throws a Fault if git fails. */
export class Origin {
  constructor(private readonly clone: Clone) {}

  /** Lists its git tags as they are now. The clone may have other ones. */
  async tags(): Promise<string[]> {
    const tags = await this.clone.remoteTags().catch((error: unknown) => fail("git ls-remote origin", error));
    return [...tags.keys()];
  }

  /** Fetches main and the commits of its release tags. The clone's own tags do not change. Returns main's commit. */
  async fetch(): Promise<string> {
    const tags = ["v", "latest-v", "dev-v"].map((prefix) => `+refs/tags/${prefix}*:refs/watch/${prefix}*`);
    const main = "+refs/heads/main:refs/remotes/origin/main";
    const fetch = ["fetch", "--quiet", "--no-tags", "--prune", "origin", main, ...tags];
    await this.clone.readOrigin(...fetch).catch((error: unknown) => fail("git fetch origin", error));
    return this.git("rev-parse", "refs/remotes/origin/main^{commit}");
  }

  /** Lists the languages with a Dockerfile both at a fetched tag and on main: it cannot re-release a retired one. */
  async languages(tag: string): Promise<string[]> {
    const onMain = await this.languagesAt("refs/remotes/origin/main");
    return (await this.languagesAt(`refs/watch/${tag}`)).filter((name) => onMain.includes(name));
  }

  /** Reads dockerfiles/<language>/Dockerfile, and dockerfiles/<language>.Dockerfile as older commits have it. */
  private async languagesAt(commit: string): Promise<string[]> {
    const files = await this.git("ls-tree", "-r", "--name-only", commit, "dockerfiles/");
    const names = files.split("\n").flatMap((file) => /^dockerfiles\/([^/]+)[./]Dockerfile$/.exec(file)?.[1] ?? []);
    return names.filter((name) => name !== "base");
  }

  /** Pushes tags of a commit, in one push. Returns those that it created, without those that somebody else created. */
  async push(commit: string, tags: readonly string[]): Promise<string[]> {
    const refs = tags.map((tag) => `${commit}:refs/tags/${tag}`);
    try {
      // Without the hooks of a developer's clone.
      return parsePush(await this.clone.askOrigin("push", "--porcelain", "--no-verify", "origin", ...refs));
    } catch (error) {
      const existing = await this.tags();
      const missing = tags.filter((tag) => !existing.includes(tag));
      if (missing.length === 0) return parsePush(error instanceof ExecaError ? String(error.stdout) : "");
      throw new Fault(
        `Could not push ${missing.join(", ")}: ${gitMessage(error)}\n` +
          `Check that the credentials allow creating tags in this repository. The next run pushes what is missing.`,
      );
    }
  }

  private async git(...args: string[]): Promise<string> {
    const command = `git ${args.filter((arg) => !arg.startsWith("-")).join(" ")}`;
    return this.clone.git(...args).catch((error: unknown) => fail(command, error));
  }
}

function fail(command: string, error: unknown): never {
  throw new Fault(`${command} failed: ${gitMessage(error)}\nCheck the clone's origin and its credentials.`);
}

/** Parses which tags a push created: https://git-scm.com/docs/git-push#_output */
function parsePush(output: string): string[] {
  return [...output.matchAll(/^\*\t[^\t]*:refs\/tags\/([^\t]+)\t/gm)].map(([, tag = ""]) => tag);
}
