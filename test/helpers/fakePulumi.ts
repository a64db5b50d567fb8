import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import type { ImageOutputs } from "../../commands/publish";
import type { Project } from "../../commands/target";
import { type LeftOutReport, runVariable } from "../../images/leftOut";
import { type FullAnswer, serve } from "./http";

/** The digest of the only image in the registry. */
export const servedDigest = "sha256:a";

/**
 * A program called pulumi that updates nothing, and a registry that requires a token. The registry serves the same image of
 * one platform under every tag of the repositories a and b.
 */
export class FakePulumi {
  /** The paths that the registry was asked for. */
  readonly requests: string[] = [];
  /** Other responses of the registry, by path. */
  readonly answers: Record<string, FullAnswer> = {};
  /** The stack's output `leftOut`; that of the last update unless it names another one. */
  leftOut: (Pick<LeftOutReport, "reasons"> & Partial<LeftOutReport>) | undefined;

  private url = "";
  private server: Server | undefined;

  private constructor(
    readonly folder: string,
    readonly project: Project,
  ) {}

  static async start(): Promise<FakePulumi> {
    const folder = mkdtempSync(join(tmpdir(), "release-"));
    const env = { ...process.env, PATH: [folder, process.env["PATH"]].join(delimiter) };
    const fake = new FakePulumi(folder, { folder, env, logs: folder, languages: [] });
    const { url, server } = await serve(({ url: path = "", headers }) => fake.answer(path, headers.authorization));
    return Object.assign(fake, { url, server });
  }

  get registry(): string {
    return this.url.replace("http://", "");
  }

  /** The stack's output for a tag in both repositories. */
  images(tag: string, digest = servedDigest): ImageOutputs {
    const image = (name: string) => ({ repository: `${this.registry}/${name}`, tag, digest, reference: "" });
    return { first: image("a"), second: { ...image("b"), digest: servedDigest } };
  }

  /**
   * Writes the program.
   * @param outputs the stack's output after each update
   * @param up a shell command that each update runs
   * @param status the exit code of a preview
   */
  install(outputs: readonly ImageOutputs[], up = "true", status = 0): void {
    const lines = outputs.map((images, index) => `${index + 1}) echo '${JSON.stringify(images)}' ;;`);
    const script = `#!/bin/sh
cd ${this.folder}
echo "$*" >>calls
case "$1" in
up) echo up >>updates; echo "$${runVariable}" >run; ${up} ;;
preview) exit ${status} ;;
stack)
  if [ "$3" = leftOut ]; then ${this.leftOut ? printLeftOut(this.leftOut) : "exit 1"}; exit; fi
  case $(wc -l <updates) in ${lines.join(" ")} esac ;;
esac
`;
    writeFileSync(join(this.folder, "pulumi"), script, { mode: 0o755 });
  }

  /** The commands that ran. */
  get calls(): string[] {
    return readFileSync(join(this.folder, "calls"), "utf8").trim().split("\n");
  }

  stop(): void {
    this.server?.close();
    rmSync(this.folder, { recursive: true });
  }

  private answer(url: string, authorization: string | undefined): FullAnswer {
    const path = url.replace(/\?.*$/, "");
    this.requests.push(path);
    if (path === "/token") return { body: '{"token":"given"}' };
    if (authorization !== "Bearer given") {
      return { status: 401, headers: { "www-authenticate": `Bearer realm="${this.url}/token"` } };
    }
    const other = this.answers[path];
    if (other !== undefined) return other;
    if (path.includes("/blobs/")) return { body: '{"os":"linux","architecture":"amd64"}' };
    if (!/^\/v2\/[ab]\//.test(path)) return { status: 404 };
    return { headers: { "docker-content-digest": servedDigest }, body: '{"config":{"digest":"c"},"layers":[]}' };
  }
}

function printLeftOut({ run, reasons }: NonNullable<FakePulumi["leftOut"]>): string {
  const own = run === undefined ? '"$(cat run)"' : `'${run}'`;
  return `printf '{"run":"%s","reasons":%s}' ${own} '${JSON.stringify(reasons)}'`;
}

/**
 * Starts a fake pulumi before each test of a suite, and stops it afterwards.
 * @returns a function that returns it
 */
export function useFakePulumi(): () => FakePulumi {
  let fake: FakePulumi;
  beforeEach(async () => {
    fake = await FakePulumi.start();
  });
  afterEach(() => fake.stop());
  return () => fake;
}
