import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { runPulumi } from "../../commands/pulumi";
import { allPlatforms } from "../../images/platform";
import { checkout, inFolder } from "../../local/folder";
import { ensureDebianProgram } from "../../local/install/debianProgram";
import { requireBuildKitCanStart } from "../../local/native/buildKit";
import { ownPlatform } from "../../local/native/platforms";
import { downloadPulumi } from "../../local/pulumiCli";
import { captureLog } from "../helpers/captureLog";
import { copyCheckout } from "../helpers/checkoutFiles";
import { serve } from "../helpers/http";
import { type Machine, openPlace } from "../helpers/scratch";
import { ScratchRepository, git, linkPackages } from "../helpers/scratchRepository";
import { useTemporaryFolder } from "../helpers/temporaryFolder";

describe("a machine that is set up", () => {
  let environment: Machine;
  let folder: string;

  /** Outside of .local. */
  const kept = useTemporaryFolder();

  before(async () => {
    ({ environment, folder } = await openPlace(["3.66.0"]));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a command that must fail, `make up` by default. Returns what it prints. */
  async function refusal(env: Record<string, string>, cwd = checkout, command = ["make", "up"]): Promise<string> {
    const [program = "", ...args] = command;
    const { exitCode, all } = await execa(program, args, { cwd, env, reject: false, all: true });
    assert.notEqual(exitCode, 0, all);
    return all;
  }

  for (const tag of ["release-1", "", "$(touch hacked)"]) {
    it(`refuses make up TAG=${JSON.stringify(tag)}`, async () => {
      const output = await refusal({ TAG: tag });
      const sentence = `Tag ${JSON.stringify(tag)} is not a release tag. Use dev-vX.Y.Z, vX.Y.Z or latest-vX.Y.Z`;
      assert.ok(output.includes(sentence), output);
      assert.equal(existsSync(join(checkout, "hacked")), false);
    });
  }

  it("refuses a registry that cannot be reached", async () => {
    const sentence = /REGISTRY "localhost:1" is not a usable registry: .*Start it, or omit REGISTRY\./;
    assert.match(await refusal({ TAG: "v3.66.0", REGISTRY: "localhost:1" }), sentence);
  });

  it("refuses a version that was never published", async () => {
    const sentence = environment.mirrored
      ? /Pulumi 99\.0\.0 is not in the local mirror.*Release 3\.64\.0 or 3\.66\.0/
      : /Pulumi 99\.0\.0 was never published/;
    assert.match(await refusal({ TAG: "v99.0.0" }), sentence);
  });

  it("refuses in make up what a workflow refuses: superseded tags and withdrawn versions", async () => {
    const { clone } = await ScratchRepository.create(folder);
    copyCheckout(clone);
    writeFileSync(join(clone, "images", "withdrawn.json"), '{ "3.64.0": "yanked" }');
    await linkPackages(clone);
    await git(clone, "add", "--all");
    await git(clone, "commit", "--quiet", "--message=Start");
    await git(clone, "tag", "latest-v3.99.0");
    const superseded = /latest-v3\.66\.0 is superseded by latest-v3\.99\.0, and latest is never downgraded\./;
    assert.match(await refusal({ TAG: "latest-v3.66.0" }, clone), superseded);
    const withdrawn = /Pulumi 3\.64\.0 is withdrawn \(yanked\), so it is not released\./;
    assert.match(await refusal({ TAG: "v3.64.0" }, clone), withdrawn);
    assert.equal(existsSync(join(clone, ".local")), false);
  });

  it("refuses a platform if the kernel accepts no emulator", async () => {
    const [other = ""] = allPlatforms.filter((platform) => platform !== ownPlatform());
    // To this command, the kernel looks like one without binfmt_misc: nothing is or can be registered.
    const without = "mount -t tmpfs tmpfs /proc/sys/fs/binfmt_misc && exec setpriv --bounding-set=-sys_admin make up";
    const command = ["unshare", "--mount", "sh", "-c", without];
    const output = await refusal({ TAG: "v3.66.0", PLATFORMS: other }, checkout, command);
    const sentence = `${other} cannot be emulated on this ${ownPlatform()} machine: its kernel does not accept qemu-`;
    assert.ok(output.includes(sentence), output);
    assert.match(output, /Remove linux\/\w+ from PLATFORMS, or build on a machine whose kernel has binfmt_misc\./);
  });

  it("reads on a disk that has no space for a release", async () => {
    // To this command, .local is on a disk of 100 MB: its files are copied, everything else is mounted.
    const mountAll = `for name in *; do
      if [ -f "$name" ]; then cp "$name" "$1"; continue; fi
      if [ -d "$name" ]; then mkdir "$1/$name"; else touch "$1/$name"; fi
      mount --bind "$name" "$1/$name"
    done`;
    const small = `mount --bind "$1" "$2" && mount -t tmpfs -o size=100m tmpfs "$1" && cd "$2" && ${mountAll}`;
    const full = ["unshare", "--mount", "sh", "-ec", `${small}; cd "$3"; shift 3; exec "$@"`, "sh"];
    const [program = "", ...args] = [...full, inFolder(), kept(), checkout, "make"];
    const { stdout } = await execa(program, [...args, "--silent", "pulumi", "ARGS=stack ls --json"], { cwd: checkout });
    assert.ok(Array.isArray(JSON.parse(stdout)), stdout);
    const output = await refusal({ TAG: "v3.66.0" }, checkout, [program, ...args, "up"]);
    assert.match(output, /^make up TAG=v3\.66\.0 cannot run with the native backend:\n {2}- disk: .* needs 2\.0 GB\./m);
  });

  it("downloads a working Pulumi CLI, packed as Pulumi publishes it", async () => {
    const cli = join(folder, "cli");
    await downloadPulumi("3.66.0", cli, environment.pulumiReleases);
    assert.equal((await execa(join(cli, "pulumi"), ["version"])).stdout, "v3.66.0");
    assert.ok(existsSync(join(cli, "pulumi-language-nodejs")));
  });

  it("keeps no Pulumi CLI with another checksum", async () => {
    const names = ["x64", "arm64"].map((architecture) => `pulumi-v3.66.0-linux-${architecture}.tar.gz`);
    const checksums = names.map((name) => `${"0".repeat(64)}  ${name}\n`).join("");
    const archives = Object.fromEntries(names.map((name) => [`/${name}`, "not what was published"]));
    const { url } = await serve({ "/pulumi-3.66.0-checksums.txt": checksums, ...archives });
    const cli = join(folder, "tampered");
    const sentence = /has the SHA-256 [0-9a-f]{64}, but Pulumi published 0{64}/;
    await assert.rejects(downloadPulumi("3.66.0", cli, url), sentence);
    assert.equal(existsSync(cli), false);
  });

  it("continues if the disk of pulumi's log is full", async () => {
    const logs = join(folder, "full");
    mkdirSync(logs);
    symlinkSync("/dev/full", join(logs, "pulumi.log"));
    const project = { folder: checkout, env: environment.env, logs, languages: [] };
    const { lines, error } = await captureLog(async () => {
      assert.equal((await runPulumi(project, ["version"])).succeeded, true);
    });
    assert.equal(error, undefined);
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
    if (!environment.mirrored) return;
    const reason = /^\d{4}-\S+Z Pulumi releases: .*: Could not reach https:/m;
    assert.match(readFileSync(inFolder("setup.log"), "utf8"), reason);
  });

  it("installs a program from another Debian package if the first one lacks it, and names those that lack it", async () => {
    const packages = ["no-such-package", "netbase", "jq"];
    const sources = packages.map((debianPackage) => ({ debianPackage, program: "jq" }));
    try {
      const program = await ensureDebianProgram("no-such-program", "A test needs it", sources);
      assert.equal(program, inFolder("tools", "debian", "jq", "usr", "bin", "jq"));
      await assert.rejects(ensureDebianProgram("no-such-program", "A test needs it", sources.slice(0, 2)), {
        message:
          /^no-such-program is not on PATH, and Debian's packages do not provide it\. A test needs it\. Install no-such-package or netbase and retry\.\n.*no-such-package[^]*\nnetbase does not contain it\.$/,
      });
    } finally {
      for (const name of packages) rmSync(inFolder("tools", "debian", name), { recursive: true, force: true });
    }
  });

  it("asks for root, and for a shorter path because a socket's is limited", () => {
    const start = (folder: string) => () => requireBuildKitCanStart(folder);
    const tooLong = /exceeds the 107 bytes of a socket's path\. Clone to a folder with a shorter path\.$/;
    assert.throws(start(join(folder, "x".repeat(100))), { message: tooLong });
    const { getuid } = process;
    process.getuid = () => 1000;
    try {
      const message =
        "BuildKit runs as a process here and needs root, but this is uid 1000. Run it as root: sudo make up.";
      assert.throws(start(folder), { message });
    } finally {
      process.getuid = getuid;
    }
  });
});
