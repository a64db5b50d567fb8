import assert from "node:assert/strict";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statfsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { execa } from "execa";

import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { assertRefused, assertSucceeded } from "../helpers/assertRun";
import { ConnectedMachine } from "../helpers/connectedMachine";
import { DockerDaemon, installDocker } from "../helpers/dockerDaemon";
import { closedUrl, serve } from "../helpers/http";
import type { Run } from "../helpers/testStack";

/** A user without root, and the group that may use Docker. Neither needs to exist. */
const [user, dockerGroup] = [61983, 61984];
/** Everything on PATH beside Docker: neither Go nor Python nor apt. */
const programs =
  "sh bash env make git tar gzip awk sed grep cat ls cp mv rm mkdir touch dirname basename uname id tr sort".split(" ");

/** `privileged` as far as these machines allow it: see docs/local.md. And the network of this test. */
const override = (authorities: string) => `services:
  buildkit:
    privileged: !reset false
    cap_add: [ALL]
    cgroup: host
    device_cgroup_rules: ["a *:* rwm"]
    security_opt: [seccomp=unconfined, apparmor=unconfined, systempaths=unconfined]
    environment: [SSL_CERT_FILE=/authorities.pem]
    volumes:
      - /sys/fs/cgroup:/sys/fs/cgroup:rw
      - ${authorities}:/authorities.pem:ro
`;

// Docker, its plugins, both images, BuildKit, the registry, pulumi and the release are real. The sites on the internet are
// fakes under their own names, which serve what this machine has built.
describe("make up with Docker, for a user without root, Go and Python", () => {
  let machine: ConnectedMachine;
  let folder: string;
  let daemon: DockerDaemon;
  let docker: string;
  let digest: string | undefined;

  before(async function () {
    this.timeout(600_000);
    machine = await ConnectedMachine.start();
    ({ folder } = machine);
    docker = await installDocker();
    for (const path of ["docker", "bin", "home"]) mkdirSync(join(folder, path));
    await preparePath();
    daemon = newDaemon("daemon");
    await daemon.start();
  });

  after(async () => {
    await daemon?.stop();
    await machine?.stop();
  });

  function newDaemon(name: string): DockerDaemon {
    const { internet, place } = machine;
    const { runc } = place.environment.tools;
    const env = { SSL_CERT_FILE: internet.authorities };
    return new DockerDaemon(docker, join(folder, name), {
      group: dockerGroup,
      bridge: internet.device,
      runc,
      env,
      launcher: internet.launcher(),
    });
  }

  /** Links the user's programs. Docker's are mounted where the user can reach them. */
  async function preparePath(): Promise<void> {
    for (const name of programs) {
      const { stdout } = await execa("sh", ["-c", `command -v ${name}`]);
      symlinkSync(stdout, join(folder, "bin", name));
    }
    symlinkSync(join(folder, "docker", "usr", "bin", "docker"), join(folder, "bin", "docker"));
    const plugins = join(folder, "docker", "usr", "libexec", "docker", "cli-plugins");
    mkdirSync(join(folder, "home", ".docker"));
    const config = join(folder, "home", ".docker", "config.json");
    writeFileSync(config, JSON.stringify({ cliPluginsExtraDirs: [plugins] }));
  }

  /** Creates a clean clone of the user's. */
  async function clone(name: string): Promise<string> {
    const path = await machine.clone(name, { "compose.override.yaml": override(machine.internet.authorities) });
    await execa("chown", ["--recursive", `${user}:${user}`, join(folder, name), join(folder, "home")]);
    return path;
  }

  /** Runs a command as the user, in a clone. */
  function run(cwd: string, command: readonly string[], groups = String(dockerGroup)): Promise<Run> {
    const asUser = ["setpriv", `--reuid=${user}`, `--regid=${user}`, `--groups=${groups}`, "--inh-caps=-all"];
    const own = { HOME: join(folder, "home"), USER: "somebody", DOCKER_HOST: daemon.host };
    const path = `PATH=${join(folder, "bin")}`;
    return machine.run(cwd, [...asUser, "env", path, ...command], own, [docker, join(folder, "docker")]);
  }

  const make = (cwd: string, ...args: string[]) => run(cwd, ["make", ...args]);
  const registryOf = (cwd: string) => {
    const [, port] = /REGISTRY_PORT=(\d+)/.exec(readFileSync(join(cwd, ".local", "compose.env"), "utf8")) ?? [];
    return `localhost:${port}`;
  };
  const served = (cwd: string, tag: string) =>
    new RepositoryClient(`${registryOf(cwd)}/runner-pulumi-yaml`).digest(tag);
  const containers = async () => (await execa(join(docker, "usr/bin/docker"), ["-H", daemon.host, "ps", "-aq"])).stdout;

  let first: string;
  let second: string;

  it("releases from a clean clone, with everything from its publisher and nothing compiled", async () => {
    first = await clone("first");
    for (const name of ["go", "python3", "pip", "apt-get"]) {
      assert.equal((await run(first, ["sh", "-c", `command -v ${name}`])).failed, true, name);
    }
    const release = await make(first, "up", "LANGUAGE=yaml");
    assertSucceeded(release, /backend +docker: it answers/);
    machine.assertFromPublishers(first, release);
    digest = await served(first, "v3.66.0");
    assert.match(digest ?? "", /^sha256:/);
  });

  it("runs what it published, under the reference that it prints", async () => {
    const reference = `${registryOf(first)}/runner-pulumi-yaml:v3.66.0`;
    assertSucceeded(await run(first, ["docker", "run", "--rm", reference, "pulumi", "version"]), /^v3\.66\.0$/m);
  });

  it("moves a tag without a build, previews, and verifies", async () => {
    assertSucceeded(await make(first, "up", "LANGUAGE=yaml", "TAG=latest-v3.66.0"), /backend +docker/);
    assert.equal(await served(first, "latest"), digest);
    assertSucceeded(await make(first, "preview", "LANGUAGE=yaml", "TAG=v3.66.0"), /the smoke tests passed/);
    assertSucceeded(await make(first, "verify", "LANGUAGE=yaml", "TAG=v3.66.0"), /yaml +linux\/\w+ +identical/);
    assertSucceeded(await make(first, "inventory", "LANGUAGE=yaml", "TAG=v3.66.0"), /pulumi +3\.66\.0/);
  });

  it("keeps to itself beside another checkout of the same name", async () => {
    second = await clone("second");
    assertSucceeded(await make(second, "pulumi", "ARGS=stack ls"), /backend +docker/);
    assert.notEqual(registryOf(second), registryOf(first));
    assert.deepEqual(await new RepositoryClient(`${registryOf(second)}/runner-pulumi-yaml`).tags(), []);
    assertSucceeded(await make(second, "down"), /^Stopped buildkit, registry\.$/m);
    assert.equal(await served(first, "v3.66.0"), digest);
  });

  it("names a port that another program has", async () => {
    const { url } = await serve({});
    const port = new URL(url).port;
    const refused = await make(second, "pulumi", "ARGS=stack ls", `REGISTRY_PORT=${port}`);
    assertRefused(
      refused,
      new RegExp(`Another program uses port ${port}, the registry's\\. Stop it, or choose another`),
    );
    const { port: free } = new URL(await closedUrl());
    assertSucceeded(await make(second, "pulumi", "ARGS=stack ls", `REGISTRY_PORT=${free}`), /backend +docker/);
    assert.equal(registryOf(second), `localhost:${free}`);
    // Docker still has what belongs to the checkout.
    rmSync(join(second, ".local"), { recursive: true });
    assertSucceeded(await make(second, "clean"), /^Removed /m);
  });

  it("says what a user who may not use Docker can do", async () => {
    const third = await clone("third");
    const refused = await run(third, ["make", "up", "LANGUAGE=yaml"], String(user));
    const why = "because this user may not use Docker: it is not in the group of Docker's socket and needs root";
    assertRefused(refused, new RegExp(`BuildKit runs as a process here ${why}, but this is uid ${user}\\.`));
  });

  it("fails in a sentence if the daemon ends, and goes on where it was after a restart", async () => {
    const verify = make(first, "verify", "LANGUAGE=yaml", "TAG=v3.66.0");
    while (globSync(join(first, ".local", "rebuild-*")).length === 0) await sleep(100);
    await daemon.stop();
    assertRefused(await verify, /could not be rebuilt, see above\. No tag has moved\.\n[^]*Run the same command again/);
    const refused = await make(first, "up", "LANGUAGE=yaml");
    assertRefused(refused, /BuildKit and registry run in Docker, but Docker's daemon does not answer\. Start/);
    assertRefused(
      await make(first, "clean"),
      /has containers and volumes in Docker, but .* systemctl start docker\. Then retry/,
    );
    await daemon.start();
    assertSucceeded(await make(first, "up", "LANGUAGE=yaml", "TAG=v3.66.0"), /Nothing has changed/);
    assert.equal(await served(first, "v3.66.0"), digest);
  });

  it("names BuildKit's log if the daemon ends while an image is built, and that a tag may have moved", async () => {
    const [smoke, log] = [join(first, "dockerfiles/smoke/contract"), join(first, ".local", "pulumi.log")];
    const text = readFileSync(smoke, "utf8");
    writeFileSync(smoke, text.replace("set -euo pipefail", "set -euo pipefail; echo begun; sleep 30"));
    rmSync(log);
    const release = make(first, "up", "LANGUAGE=yaml", "TAG=v3.66.0");
    const isBuilding = () => existsSync(log) && /\d begun/.test(readFileSync(log, "utf8"));
    for (let left = 600; left > 0 && !isBuilding(); left--) await sleep(100);
    await daemon.stop();
    assertRefused(
      await release,
      /BuildKit ended or cannot be reached \(docker compose --env-file \.local\/compose\.env logs buildkit\)/,
      /so it is unknown whether a tag has moved\.[^]*When the registry can be read, run the same command again: make up /,
    );
    writeFileSync(smoke, text);
    await daemon.start();
    assertSucceeded(await make(first, "up", "LANGUAGE=yaml", "TAG=v3.66.0"), /Nothing has changed/);
    assert.equal(await served(first, "v3.66.0"), digest);
  });

  it("removes containers and volumes, and keeps the images until make clean", async () => {
    assertSucceeded(await make(first, "down"), /^Stopped buildkit, registry\.$/m);
    assert.equal(await containers(), "");
    assertSucceeded(await make(first, "down"), /^Nothing was running\.$/m);
    assertSucceeded(await make(first, "clean"), /^Removed /m);
    const { stdout } = await execa(join(docker, "usr/bin/docker"), ["-H", daemon.host, "volume", "ls", "--quiet"]);
    assert.equal(stdout, "");
  });

  it("says so if Docker's disk is full, when it pulls and when it builds, and then needs nothing but space", async () => {
    const full = await clone("full");
    await daemon.stop();
    const data = join(folder, "small", "data");
    mkdirSync(data, { recursive: true });
    await execa("mount", ["-t", "tmpfs", "-o", "size=40m", "tmpfs", data]);
    daemon = newDaemon("small");
    try {
      await daemon.start();
      assertRefused(await make(full, "pulumi", "ARGS=stack ls"), /The disk of Docker is full\. Free space there/);
      await execa("mount", ["-o", "remount,size=4g", data]);
      assertSucceeded(await make(full, "pulumi", "ARGS=stack ls"), /backend +docker/);
      const { bavail, bsize } = statfsSync(data);
      await execa("fallocate", ["--length", String(bavail * bsize - 100e6), join(data, "filler")]);
      assertRefused(await make(full, "up", "LANGUAGE=yaml"), /No tag has moved: [^]*A disk is full: that of BuildKit/);
      rmSync(join(data, "filler"));
      assertSucceeded(await make(full, "up", "LANGUAGE=yaml"), /Released\n/);
    } finally {
      await daemon.stop();
      await execa("umount", ["--lazy", data]);
    }
  });
});
