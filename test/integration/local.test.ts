import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { showPulumi } from "../../commands/pulumi";
import { platforms } from "../../images/platform";
import { type Environment, setUp } from "../../local/environment";
import { checkout, inFolder } from "../../local/folder";
import { ensureDebianProgram } from "../../local/offline/debian";
import { goBuild } from "../../local/offline/goModule";
import { ownPlatform } from "../../local/native/ownPlatform";
import { ensureRelease } from "../../local/offline/mirror";
import { requireBuildKitCanStart } from "../../local/native/services";
import { downloadPulumi } from "../../local/pulumiCli";
import { serve } from "../helpers/http";
import { withoutTerminal } from "../helpers/withoutTerminal";
import { ScratchRepository, copyCheckout, git, linkPackages } from "../helpers/scratchRepository";

describe("the local environment", () => {
  let environment: Environment;
  let folder: string;

  before(async () => {
    environment = await setUp();
    mkdirSync(inFolder("tests"), { recursive: true });
    folder = mkdtempSync(inFolder("tests", "run-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** `make <command>` with these variables. */
  async function make(
    command: string,
    variables: Record<string, string>,
    cwd = checkout,
  ): Promise<{ code?: number; output: string }> {
    const { exitCode, all } = await execa("make", ["--silent", command], {
      cwd,
      env: variables,
      reject: false,
      all: true,
    });
    return { code: exitCode, output: all };
  }

  const forms = "is not a release tag. Push dev-vX.Y.Z, vX.Y.Z or latest-vX.Y.Z.";
  const tags = [
    "release-1",
    "v3.66",
    "v03.66.0",
    "latest",
    "v3.66.0-rc.1",
    "",
    "v3.66.0; touch hacked",
    "$(touch hacked)",
  ];
  for (const tag of tags) {
    it(`refuses make up TAG=${JSON.stringify(tag)}`, async () => {
      const { code, output } = await make("up", { TAG: tag });
      assert.notEqual(code, 0);
      assert.ok(output.includes(`Tag ${JSON.stringify(tag)} ${forms}`), output);
      assert.equal(existsSync(join(checkout, "hacked")), false);
    });
  }

  it("does not let make expand a tag either", async () => {
    const { all } = await execa("make", ["--silent", "up", "TAG=v3.66.0$(shell touch hacked)"], {
      cwd: checkout,
      reject: false,
      all: true,
    });
    assert.ok(all.includes(`Tag "v3.66.0$(shell touch hacked)" ${forms}`), all);
    assert.equal(existsSync(join(checkout, "hacked")), false);
  });

  it("refuses in make up what the workflow refuses, by the tags and withdrawn versions of the clone", async () => {
    const { clone } = await ScratchRepository.create(folder);
    await copyCheckout(clone);
    writeFileSync(join(clone, "images", "withdrawn.json"), '{ "3.64.0": "yanked" }');
    await linkPackages(clone);
    await git(clone, "add", "--all");
    await git(clone, "commit", "--quiet", "--message=Start");
    await git(clone, "tag", "latest-v3.99.0");
    const superseded = await make("up", { TAG: "latest-v3.66.0" }, clone);
    assert.notEqual(superseded.code, 0);
    assert.match(superseded.output, /latest-v3\.66\.0 is superseded by latest-v3\.99\.0: latest does not go back\./);
    const withdrawn = await make("up", { TAG: "v3.64.0" }, clone);
    assert.match(withdrawn.output, /Pulumi 3\.64\.0 is withdrawn \(yanked\) and not released\./);
    assert.equal(existsSync(join(clone, ".local")), false);
  });

  it("refuses a version that was never published", async () => {
    const { code, output } = await make("up", { TAG: "v99.0.0" });
    assert.notEqual(code, 0);
    assert.match(
      output,
      environment.mirrored
        ? /Pulumi 99\.0\.0 is not in the local mirror.*Release 3\.64\.0 or 3\.66\.0/
        : /Pulumi 99\.0\.0 was never published/,
    );
  });

  it("refuses a registry that does not answer", async () => {
    const { code, output } = await make("up", { TAG: "v3.66.0", REGISTRY: "localhost:1" });
    assert.notEqual(code, 0);
    assert.match(output, /REGISTRY "localhost:1" is no registry that can be used: .*Start it, or leave REGISTRY out\./);
  });

  it("names every platform that is none", async () => {
    const { code, output } = await make("up", { TAG: "v3.66.0", PLATFORMS: "linux/arm,linux/amd64,windows" });
    assert.notEqual(code, 0);
    assert.match(
      output,
      /PLATFORMS "linux\/arm,linux\/amd64,windows": unknown "linux\/arm", "windows"\. Give some of linux\/amd64,linux\/arm64/,
    );
  });

  it("says so where the kernel takes no emulator", async () => {
    const [other = ""] = Object.keys(platforms).filter((platform) => platform !== ownPlatform());
    // A kernel without binfmt_misc, as this command sees it: nothing is registered, and nothing can be.
    const without = "mount -t tmpfs tmpfs /proc/sys/fs/binfmt_misc && exec setpriv --bounding-set=-sys_admin make up";
    const { exitCode, all } = await execa("unshare", ["--mount", "sh", "-c", without], {
      cwd: checkout,
      env: { TAG: "v3.66.0", PLATFORMS: other },
      reject: false,
      all: true,
    });
    assert.notEqual(exitCode, 0);
    const sentence = `${other} cannot be emulated on this ${ownPlatform()} machine: its kernel does not take qemu-`;
    assert.ok(all.includes(sentence), all);
    assert.match(all, /Leave linux\/\w+ out of PLATFORMS, or build on a machine whose kernel has binfmt_misc\./);
  });

  it("downloads a Pulumi CLI as Pulumi publishes it, and runs it", async () => {
    if (environment.mirrored) await ensureRelease("3.66.0", environment.platforms);
    const cli = join(folder, "cli");
    await downloadPulumi("3.66.0", cli, environment.pulumiReleases);
    assert.equal((await execa(join(cli, "pulumi"), ["version"])).stdout, "v3.66.0");
    assert.ok(existsSync(join(cli, "pulumi-language-nodejs")));
  });

  it("keeps no Pulumi CLI whose sum is another", async () => {
    const name = "pulumi-v3.66.0-linux-x64.tar.gz";
    const { url, server } = await serve({
      "/pulumi-3.66.0-checksums.txt": `${"0".repeat(64)}  ${name}\n${"0".repeat(64)}  ${name.replace("x64", "arm64")}\n`,
      [`/${name}`]: "not what was published",
      [`/${name.replace("x64", "arm64")}`]: "not what was published",
    });
    const cli = join(folder, "tampered");
    await assert.rejects(
      downloadPulumi("3.66.0", cli, url),
      /has the SHA-256 [0-9a-f]{64}, and Pulumi published 0{64}/,
    );
    assert.equal(existsSync(cli), false);
    server.close();
  });

  it("goes on where the disk of its log is full", async () => {
    const options = { cwd: checkout, env: environment.env, log: "/dev/full" };
    assert.equal(await withoutTerminal(() => showPulumi(["version"], options)), true);
  });

  it("takes a program from another Debian package where the first has none", async () => {
    const packages = ["no-such-package", "netbase", "jq"];
    const sources = packages.map((debianPackage) => ({ debianPackage, program: "jq" }));
    try {
      const program = await ensureDebianProgram("no-such-program", "A test asks for it", sources);
      assert.equal(program, inFolder("tools", "debian", "jq", "usr", "bin", "jq"));
      await assert.rejects(ensureDebianProgram("no-such-program", "A test asks for it", sources.slice(0, 2)), {
        message:
          /A test asks for it\. Install no-such-package or netbase and retry\.\n.*no-such-package[^]*\nnetbase does not hold it\.$/,
      });
    } finally {
      for (const name of packages) rmSync(inFolder("tools", "debian", name), { recursive: true, force: true });
    }
  });

  describe("where something is missing", () => {
    const path = process.env["PATH"];
    const { getuid } = process;
    afterEach(() => {
      process.env["PATH"] = path;
      process.getuid = getuid;
    });

    it("says so of Go", async () => {
      process.env["PATH"] = folder;
      const module = join(checkout, "local", "tools", "pulumi");
      const build = { title: "Pulumi CLI", module, packages: ["none"], output: join(folder, "none") };
      await assert.rejects(goBuild(build), {
        message: "Go is not on PATH, and Pulumi CLI is built with it. Install Go (https://go.dev/dl) and retry.",
      });
    });

    it("says so of a program that is in no Debian package either", () =>
      assert.rejects(ensureDebianProgram("no-such-program", "A test asks for it"), {
        message:
          /^no-such-program is not on PATH and cannot be had from Debian's packages\. A test asks for it\. Install/,
      }));

    it("says so of root", () => {
      process.getuid = () => 1000;
      assert.throws(() => requireBuildKitCanStart(folder), {
        message:
          "BuildKit runs here as a process, which needs root, and this is uid 1000. Run it as root: sudo make up.",
      });
    });

    it("says so of a path that no socket can have", () =>
      assert.throws(() => requireBuildKitCanStart(join(folder, "x".repeat(100))), {
        message: /is longer than the 107 bytes of a socket's path\. Clone to a folder with a shorter path\.$/,
      }));
  });
});
