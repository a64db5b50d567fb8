import { join } from "node:path";

import { ExecaError, execa } from "execa";

import { messageOf } from "../images/errors";
import { type Withdrawn, parseWithdrawn } from "../images/withdrawals";
import { Fault } from "./fault";

const withdrawnFile = "images/withdrawn.json";

/** A clone of the repository, read and pushed from by git. */
export class Clone {
  constructor(readonly folder: string) {}

  /** The git tags of the clone. None where the folder is no clone, such as an unpacked archive. */
  async tags(): Promise<string[]> {
    const list = await this.git("tag", "--list").catch((error: unknown) => {
      if (messageOf(error).includes("not a git repository")) return "";
      throw error;
    });
    return list.split("\n").filter(Boolean);
  }

  /** The git tags of the origin as it is now, each with its commit. */
  async remoteTags(): Promise<Map<string, string>> {
    const lines = (await this.git("ls-remote", "--tags", "origin")).split("\n").filter(Boolean);
    // An annotated tag has two lines; the second, which ends with ^{}, names the commit.
    const pairs = lines.map((line) => /^(\S+)\trefs\/tags\/(.*?)(?:\^\{\})?$/.exec(line) ?? []);
    return new Map(pairs.map(([, commit = "", tag = ""]) => [tag, commit]));
  }

  /** The commit of a revision, or undefined where there is none such. */
  async commit(revision: string): Promise<string | undefined> {
    const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
    return this.git(...args).catch((error: unknown) => {
      if (error instanceof ExecaError) return undefined;
      throw error;
    });
  }

  /**
   * The withdrawn versions as the main branch of the origin names them. Throws a Fault where the clone does not have that
   * branch, or the list on it cannot be used.
   */
  async withdrawnOnMain(): Promise<Withdrawn> {
    const text = await this.git("show", `origin/main:${withdrawnFile}`).catch((error: unknown) => {
      if (error instanceof Fault) throw error;
      throw new Fault(
        `origin/main has no ${withdrawnFile}: ${whatGitSays(error)}\nFetch the branch: git fetch origin main.`,
      );
    });
    try {
      return parseWithdrawn(text, `${withdrawnFile} of origin/main`);
    } catch (error) {
      throw new Fault(messageOf(error));
    }
  }

  /** The path of the clone's own list of withdrawn versions. */
  get withdrawnFile(): string {
    return join(this.folder, withdrawnFile);
  }

  /**
   * Runs git, and gives what it prints. Throws a Fault where git does not trust the folder, and an ExecaError without
   * the login of any URL where it fails otherwise.
   */
  async git(...args: string[]): Promise<string> {
    // What git says is read here, so it has to say it in English.
    const running = execa("git", args, { cwd: this.folder, env: { LC_ALL: "C" } });
    const { stdout } = await running.catch((error: unknown) => {
      if (messageOf(error).includes("dubious ownership")) throw this.notTrusted();
      throw withoutLogins(error);
    });
    return stdout;
  }

  private notTrusted(): Fault {
    return new Fault(
      `${this.folder} belongs to another user, and git reads no such repository. ` +
        `Trust it: git config --global --add safe.directory ${this.folder}`,
    );
  }
}

/** What git says of its failure. The origin's URL, which it says too, may hold a token. */
export function whatGitSays(error: unknown): string {
  const said = error instanceof ExecaError ? String(error.stderr).trim() || error.shortMessage : messageOf(error);
  return withoutLogin(said);
}

/** The error without the login of any URL, whichever of its texts is shown. */
function withoutLogins(error: unknown): unknown {
  if (!(error instanceof ExecaError)) return error;
  const { message, shortMessage, stack, command, escapedCommand, stderr } = error;
  const texts = Object.entries({ message, shortMessage, stack, command, escapedCommand, stderr });
  return Object.assign(error, Object.fromEntries(texts.map(([name, text]) => [name, withoutLogin(String(text))])));
}

function withoutLogin(text: string): string {
  return text.replace(/(\w:\/\/)[^/\s]*@/g, "$1…@");
}
