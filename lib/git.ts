import { ExecaError, execa } from "execa";

import { Fault, messageOf } from "./errors";

/** A clone of a git repository. */
export class Clone {
  constructor(readonly folder: string) {}

  /** Lists the clone's tags. A folder that is not a clone, such as an unpacked archive, has none. */
  async tags(): Promise<string[]> {
    const list = await this.git("tag", "--list").catch((error: unknown) => {
      if (messageOf(error).includes("not a git repository")) return "";
      throw error;
    });
    return list.split("\n").filter(Boolean);
  }

  /** Lists the tags that the origin has now, each with its commit. */
  async remoteTags(): Promise<Map<string, string>> {
    const lines = (await this.git("ls-remote", "--tags", "origin")).split("\n").filter(Boolean);
    // An annotated tag has two lines. The second one ends with ^{} and names the commit.
    const pairs = lines.map((line) => /^(\S+)\trefs\/tags\/(.*?)(?:\^\{\})?$/.exec(line) ?? []);
    return new Map(pairs.map(([, commit = "", tag = ""]) => [tag, commit]));
  }

  /** Resolves a revision to its commit; undefined if it does not exist. */
  async commit(revision: string): Promise<string | undefined> {
    const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
    return this.git(...args).catch((error: unknown) => {
      if (error instanceof ExecaError) return undefined;
      throw error;
    });
  }

  /**
   * Runs git and returns its stdout.
   * @throws {Fault} if git does not trust the folder
   * @throws {ExecaError} if git fails otherwise; credentials in URLs are removed from it
   */
  async git(...args: string[]): Promise<string> {
    // Force English output: it is parsed.
    const running = execa("git", args, { cwd: this.folder, env: { LC_ALL: "C" } });
    const { stdout } = await running.catch((error: unknown) => {
      if (messageOf(error).includes("dubious ownership")) throw this.untrusted();
      throw withoutCredentials(error);
    });
    return stdout;
  }

  private untrusted(): Fault {
    return new Fault(
      `${this.folder} belongs to another user, so git refuses to read it. ` +
        `To trust it: git config --global --add safe.directory ${this.folder}`,
    );
  }
}

/** The message of a failed git command, without the credentials that the origin's URL may hold. */
export function gitMessage(error: unknown): string {
  const message = error instanceof ExecaError ? String(error.stderr).trim() || error.shortMessage : messageOf(error);
  return redact(message);
}

/** Removes credentials from every text of the error that may be printed. */
function withoutCredentials(error: unknown): unknown {
  if (!(error instanceof ExecaError)) return error;
  const { message, shortMessage, stack, command, escapedCommand, stderr } = error;
  const texts = Object.entries({ message, shortMessage, stack, command, escapedCommand, stderr });
  return Object.assign(error, Object.fromEntries(texts.map(([name, text]) => [name, redact(String(text))])));
}

function redact(text: string): string {
  return text.replace(/(\w:\/\/)[^/\s]*@/g, "$1…@");
}
