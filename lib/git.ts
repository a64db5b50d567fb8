import { setTimeout } from "node:timers/promises";

import { ExecaError, execa } from "execa";

import { Fault, messageOf } from "./errors";
import { type Sleep, delayAfter } from "./http";
import { programMessage } from "./programMessage";

/** Timeout in milliseconds of one git command that asks the origin, which may stop answering. */
const timeout = 120_000;
const retries = 3;
/** What an origin's failure of a moment looks like; not a repository that does not exist, nor credentials. */
const transient =
  /timed out|reset|hung up|early EOF|unexpected disconnect|Could not resolve host|Failed to connect|error: (429|50[0234])/i;

/** A clone of a git repository. */
export class Clone {
  constructor(
    readonly folder: string,
    private readonly sleep: Sleep = setTimeout,
  ) {}

  /** Lists the clone's tags. A folder that is not a clone, such as an unpacked archive, has none. */
  async tags(): Promise<string[]> {
    const list = await this.git("tag", "--list").catch((error: unknown) => {
      if (messageOf(error).includes("not a git repository")) return "";
      throw error;
    });
    return list.split("\n").filter(Boolean);
  }

  /** Lists the origin's tags, each with its commit. */
  async remoteTags(): Promise<Map<string, string>> {
    const list = await this.readOrigin("ls-remote", "--tags", "origin");
    // An annotated tag has two lines. The second one ends with ^{} and names the commit.
    const lines = [...list.matchAll(/^(\S+)\trefs\/tags\/(.*?)(?:\^\{\})?$/gm)];
    return new Map(lines.map(([, commit = "", tag = ""]) => [tag, commit]));
  }

  /** Resolves a revision to its commit; undefined if it does not exist. */
  async commit(revision: string): Promise<string | undefined> {
    const commit = this.git("rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`);
    return commit.catch((error: unknown) => (error instanceof ExecaError ? undefined : Promise.reject(error as Error)));
  }

  /** Runs a git command that reads from the origin, up to 4 times if the origin fails for a moment. */
  async readOrigin(...args: string[]): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.askOrigin(...args);
      } catch (error) {
        if (attempt >= retries || !transient.test(gitMessage(error))) throw error;
        await this.sleep(delayAfter(attempt) * 1000);
      }
    }
  }

  /** Runs a git command that asks the origin, once. */
  askOrigin(...args: string[]): Promise<string> {
    return this.run(args, timeout);
  }

  /** Runs git and returns its stdout; throws an ExecaError without credentials, or a Fault if git distrusts the folder. */
  git(...args: string[]): Promise<string> {
    return this.run(args);
  }

  private async run(args: readonly string[], limit = 0): Promise<string> {
    // Force English output: it is parsed.
    const running = execa("git", args, { cwd: this.folder, env: { LC_ALL: "C" }, timeout: limit });
    const { stdout } = await running.catch((error: unknown) => {
      if (!messageOf(error).includes("dubious ownership")) throw withoutCredentials(error);
      throw new Fault(
        `${this.folder} belongs to another user, so git refuses to read it. ` +
          `To trust it: git config --global --add safe.directory ${this.folder}`,
      );
    });
    return stdout;
  }
}

/** The message of a failed git command, without the credentials that the origin's URL may hold. */
export function gitMessage(error: unknown): string {
  if (error instanceof ExecaError && error.timedOut) return `no answer for ${timeout / 1000} s`;
  return redact(programMessage(error));
}

/** Removes credentials from every text of the error that may be printed. */
function withoutCredentials(error: unknown): unknown {
  if (!(error instanceof ExecaError)) return error;
  const texts = ["message", "shortMessage", "stack", "command", "escapedCommand", "stderr"] as const;
  return Object.assign(error, Object.fromEntries(texts.map((name) => [name, redact(String(error[name]))])));
}

function redact(text: string): string {
  return text.replace(/(\w:\/\/)[^/\s]*@/g, "$1…@");
}
