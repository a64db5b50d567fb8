import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import { checkout } from "../../local/folder";
import { stopDaemon } from "../../local/native/daemon";
import { startRegistry } from "../../local/native/registry";
import { Internet } from "../fakes/internet";
import { copyCheckout } from "./checkoutFiles";
import { type OfficialImage, pushOfficialImages } from "./officialImages";
import { type OfficialSites, officialSites } from "./officialSites";
import { type Place, closePlace, openPlace } from "./scratch";
import { git } from "./scratchRepository";
import type { Run } from "./testStack";

/** This machine as one that reaches every site on the internet: fakes under their own names, which serve what it has built. */
export class ConnectedMachine {
  private constructor(
    readonly place: Place,
    /** Outside of the checkout, which may be in a folder that only root can read. */
    readonly folder: string,
    readonly internet: Internet,
    private readonly images: readonly OfficialImage[],
    private readonly official: OfficialSites,
  ) {}

  static async start(): Promise<ConnectedMachine> {
    const place = await openPlace(["3.66.0"], undefined, ["yaml"]);
    const folder = mkdtempSync(join(tmpdir(), "connected-"));
    chmodSync(folder, 0o755);
    const hub = await startRegistry(place.environment.tools, place.folder);
    const images = await pushOfficialImages(place, hub);
    const official = await officialSites(place, hub, "3.66.0");
    return new ConnectedMachine(place, folder, await Internet.start(folder, official.sites), images, official);
  }

  async stop(): Promise<void> {
    await this.internet.stop();
    await stopDaemon("registry", this.place.folder);
    closePlace(this.place);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Creates a clean clone whose pins are those of what the sites serve. The npm packages are there, so that make does not
   * install them.
   * @param files more of them, by name
   */
  async clone(name: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
    const path = join(this.folder, name, "runner-pulumi");
    mkdirSync(path, { recursive: true });
    copyCheckout(path);
    const edit = (file: string, from: RegExp, to: string) => {
      const text = readFileSync(join(path, file), "utf8");
      assert.match(text, from);
      writeFileSync(join(path, file), text.replace(from, to));
    };
    for (const { path: image, tag, digest: served } of this.images) {
      const pin = new RegExp(`(${image.replace("library/", "")}:${tag}@)sha256:[0-9a-f]{64}`);
      edit(image === "library/debian" ? "dockerfiles/base.Dockerfile" : "compose.yaml", pin, `$1${served}`);
    }
    edit("images/signature.ts", /tufMirrorURL: .*/, `$&\n  tufRootPath: "${this.folder}/root.json",`);
    writeFileSync(join(this.folder, "root.json"), readFileSync(this.official.trustRoot));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    mkdirSync(join(path, "node_modules"));
    await git(path, "init", "--quiet", "--initial-branch=main");
    await git(path, "add", "--all");
    await git(path, "commit", "--quiet", "--message=Start");
    await execa("touch", ["--date=@0", "package.json", "package-lock.json"], { cwd: path });
    return path;
  }

  /**
   * Runs a command in a clone, in an environment that trusts the sites, and otherwise has nothing but this.
   * @param mounts more folders and where they are mounted
   */
  async run(
    cwd: string,
    command: readonly string[],
    own: NodeJS.ProcessEnv,
    ...mounts: (readonly [from: string, to: string])[]
  ): Promise<Run> {
    const modules = [join(checkout, "node_modules"), join(cwd, "node_modules")] as const;
    const [program = "", ...args] = [...this.internet.launcher(modules, ...mounts), ...command];
    const bundle = this.internet.authorities;
    const env = { LC_ALL: "C", PATH: process.env["PATH"], SSL_CERT_FILE: bundle, NODE_EXTRA_CA_CERTS: bundle, ...own };
    const { failed, all } = await execa(program, args, { cwd, env, extendEnv: false, reject: false, all: true });
    return { failed, output: all };
  }

  /** Asserts that a release got everything from its publisher, and that its own lines are no longer than 120 characters. */
  assertFromPublishers(clone: string, { output }: Run): void {
    for (const line of [
      /TAG +not set: v3\.66\.0, the newest version/,
      /Pulumi releases +https:\/\/get\.pulumi\.com/,
      /Debian packages +snapshot/,
      /Pulumi CLI +3\.259\.0, downloaded/,
      /docker-build plugin +0\.0\.22, installed by pulumi plugin install/,
      /base debian +debian:trixie-/,
    ]) {
      assert.match(output, line);
    }
    assert.doesNotMatch(output, /substitute|built in|built here|from Go modules/);
    // pulumi's own lines are between these headings.
    const own = output.replace(/\npulumi up\n[^]*\nReleased\n/, "\n");
    assert.deepEqual(
      own.split("\n").filter((line) => line.length > 120),
      [],
    );
    const config = readFileSync(join(clone, ".local", "project", "Pulumi.local.yaml"), "utf8");
    assert.doesNotMatch(config, /signatures/);
    for (const host of Object.keys(this.official.sites)) {
      assert.ok(
        this.internet.requests.some((request) => request.startsWith(host)),
        host,
      );
    }
  }
}
