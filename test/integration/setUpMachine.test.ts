import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { runPulumi } from "../../commands/pulumi";
import { allPlatforms } from "../../images/platform";
import { type Environment, setUp } from "../../local/environment";
import { checkout, inFolder } from "../../local/folder";
import { ensureDebianProgram, unpack } from "../../local/install/debianProgram";
import { requireBuildKitCanStart } from "../../local/native/buildKit";
import { ownPlatform } from "../../local/native/ownPlatform";
import { ensureRelease } from "../../local/offline/mirror";
import { downloadPulumi } from "../../local/pulumiCli";
import { captureLog } from "../helpers/captureLog";
import { serve } from "../helpers/http";
import { withoutTerminal } from "../helpers/withoutTerminal";
import { ScratchRepository, copyCheckout, git, linkPackages } from "../helpers/scratchRepository";

describe("a machine that is set up", () => {
  let environment: Environment;
  let folder: string;

  before(async () => {
    environment = await setUp();
    mkdirSync(inFolder("tests"), { recursive: true });
    folder = mkdtempSync(inFolder("tests", "run-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs `make <command>` with these variables. */
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

  const forms = "is not a release tag. Use dev-vX.Y.Z, vX.Y.Z or latest-vX.Y.Z";
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

  it("does not let make expand a tag", async () => {
    const { all } = await execa("make", ["--silent", "up", "TAG=v3.66.0$(shell touch hacked)"], {
      cwd: checkout,
      reject: false,
      all: true,
    });
    assert.ok(all.includes(`Tag "v3.66.0$(shell touch hacked)" ${forms}`), all);
    assert.equal(existsSync(join(checkout, "hacked")), false);
  });

  it("refuses in make up what a workflow refuses: superseded tags and withdrawn versions", async () => {
    const { clone } = await ScratchRepository.create(folder);
    await copyCheckout(clone);
    writeFileSync(join(clone, "images", "withdrawn.json"), '{ "3.64.0": "yanked" }');
    await linkPackages(clone);
    await git(clone, "add", "--all");
    await git(clone, "commit", "--quiet", "--message=Start");
    await git(clone, "tag", "latest-v3.99.0");
    const superseded = await make("up", { TAG: "latest-v3.66.0" }, clone);
    assert.notEqual(superseded.code, 0);
    assert.match(
      superseded.output,
      /latest-v3\.66\.0 is superseded by latest-v3\.99\.0, and latest is never downgraded\./,
    );
    const withdrawn = await make("up", { TAG: "v3.64.0" }, clone);
    assert.match(withdrawn.output, /Pulumi 3\.64\.0 is withdrawn \(yanked\), so it is not released\./);
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

  it("refuses a registry that cannot be reached", async () => {
    const { code, output } = await make("up", { TAG: "v3.66.0", REGISTRY: "localhost:1" });
    assert.notEqual(code, 0);
    assert.match(output, /REGISTRY "localhost:1" is not a usable registry: .*Start it, or omit REGISTRY\./);
  });

  it("names every unknown platform", async () => {
    const { code, output } = await make("up", { TAG: "v3.66.0", PLATFORMS: "linux/arm,linux/amd64,windows" });
    assert.notEqual(code, 0);
    assert.match(
      output,
      /PLATFORMS "linux\/arm,linux\/amd64,windows": unknown "linux\/arm", "windows"\. Use one or more of linux\/amd64,linux\/arm64/,
    );
  });

  it("refuses a platform if the kernel accepts no emulator", async () => {
    const [other = ""] = allPlatforms.filter((platform) => platform !== ownPlatform());
    // To this command, the kernel looks like one without binfmt_misc: nothing is or can be registered.
    const without = "mount -t tmpfs tmpfs /proc/sys/fs/binfmt_misc && exec setpriv --bounding-set=-sys_admin make up";
    const { exitCode, all } = await execa("unshare", ["--mount", "sh", "-c", without], {
      cwd: checkout,
      env: { TAG: "v3.66.0", PLATFORMS: other },
      reject: false,
      all: true,
    });
    assert.notEqual(exitCode, 0);
    const sentence = `${other} cannot be emulated on this ${ownPlatform()} machine: its kernel does not accept qemu-`;
    assert.ok(all.includes(sentence), all);
    assert.match(all, /Remove linux\/\w+ from PLATFORMS, or build on a machine whose kernel has binfmt_misc\./);
  });

  it("downloads a working Pulumi CLI, packed as Pulumi publishes it", async () => {
    if (environment.mirrored) await ensureRelease("3.66.0", environment.platforms);
    const cli = join(folder, "cli");
    await downloadPulumi("3.66.0", cli, environment.pulumiReleases);
    assert.equal((await execa(join(cli, "pulumi"), ["version"])).stdout, "v3.66.0");
    assert.ok(existsSync(join(cli, "pulumi-language-nodejs")));
  });

  it("keeps no Pulumi CLI with another checksum", async () => {
    const name = "pulumi-v3.66.0-linux-x64.tar.gz";
    const { url, server } = await serve({
      "/pulumi-3.66.0-checksums.txt": `${"0".repeat(64)}  ${name}\n${"0".repeat(64)}  ${name.replace("x64", "arm64")}\n`,
      [`/${name}`]: "not what was published",
      [`/${name.replace("x64", "arm64")}`]: "not what was published",
    });
    const cli = join(folder, "tampered");
    await assert.rejects(
      downloadPulumi("3.66.0", cli, url),
      /has the SHA-256 [0-9a-f]{64}, but Pulumi published 0{64}/,
    );
    assert.equal(existsSync(cli), false);
    server.close();
  });

  it("continues if the disk of pulumi's log is full", async () => {
    const logs = join(folder, "full");
    mkdirSync(logs);
    symlinkSync("/dev/full", join(logs, "pulumi.log"));
    const project = { folder: checkout, env: environment.env, logs, languages: [] };
    const { lines } = await captureLog(async () => {
      assert.equal(await withoutTerminal(() => runPulumi(project, ["version"])), true);
    });
    assert.match(lines.join("\n"), /pulumi\.log is incomplete: ENOSPC/);
  });

  it("prints only pulumi's output on stdout, a short line per part on stderr, and reasons in a file", async () => {
    const options = { cwd: checkout, env: { VERBOSE: "" } };
    const { stdout, stderr } = await execa("make", ["--silent", "pulumi", "ARGS=stack ls --json"], options);
    assert.ok(Array.isArray(JSON.parse(stdout)), stdout);
    const lines = stderr.split("\n").filter((line) => line.startsWith("  "));
    assert.ok(lines.length > 5, stderr);
    for (const line of lines) {
      assert.ok(line.length <= 110, line);
      assert.doesNotMatch(line, /error|then retry/i);
    }
    if (environment.mirrored) {
      assert.match(
        readFileSync(inFolder("setup.log"), "utf8"),
        /^\d{4}-\S+Z Pulumi releases: .*: Could not reach https:/m,
      );
    }
  });

  it("installs a program from another Debian package if the first one lacks it", async () => {
    const packages = ["no-such-package", "netbase", "jq"];
    const sources = packages.map((debianPackage) => ({ debianPackage, program: "jq" }));
    try {
      const program = await ensureDebianProgram("no-such-program", "A test needs it", sources);
      assert.equal(program, inFolder("tools", "debian", "jq", "usr", "bin", "jq"));
      await assert.rejects(ensureDebianProgram("no-such-program", "A test needs it", sources.slice(0, 2)), {
        message:
          /A test needs it\. Install no-such-package or netbase and retry\.\n.*no-such-package[^]*\nnetbase does not contain it\.$/,
      });
    } finally {
      for (const name of packages) rmSync(inFolder("tools", "debian", name), { recursive: true, force: true });
    }
  });

  it("keeps nothing of a Debian package that cannot be unpacked completely", async () => {
    const file = join(folder, "truncated.deb");
    writeFileSync(file, "!<arch>\n");
    const root = join(folder, "truncated");
    await assert.rejects(unpack(file, root), /dpkg/);
    assert.equal(existsSync(root), false);
  });

  describe("if something is missing", () => {
    const { getuid } = process;
    afterEach(() => {
      process.getuid = getuid;
    });

    it("names a program that Debian does not have either", () =>
      assert.rejects(ensureDebianProgram("no-such-program", "A test needs it"), {
        message: /^no-such-program is not on PATH, and Debian's packages do not provide it\. A test needs it\. Install/,
      }));

    it("asks for root", () => {
      process.getuid = () => 1000;
      assert.throws(() => requireBuildKitCanStart(folder), {
        message: "BuildKit runs as a process here and needs root, but this is uid 1000. Run it as root: sudo make up.",
      });
    });

    it("asks for a shorter path, because a socket's is limited", () =>
      assert.throws(() => requireBuildKitCanStart(join(folder, "x".repeat(100))), {
        message: /exceeds the 107 bytes of a socket's path\. Clone to a folder with a shorter path\.$/,
      }));
  });
});
