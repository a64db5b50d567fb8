import assert from "node:assert/strict";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { dependencies } from "../../../package.json";
import { describeStandIn, officialImages } from "../../../local/offline/bases";
import { type Daemon, startDaemon, stopDaemon } from "../../../local/native/daemon";
import { unpack } from "../../../local/offline/debian";
import { createFilter } from "../../../commands/pulumi";
import { fingerprint, goBuild } from "../../../local/offline/goModule";
import { readJson } from "../../../lib/json";
import { mirroredVersions } from "../../../local/offline/mirror";
import { portOf } from "../../../local/native/ports";
import { requireRegistry } from "../../../local/release";
import { requireObtainable } from "../../../local/pulumiReleases";
import { formatDuration } from "../../../lib/log";
import { standIns } from "../../../local/offline/standIns";
import { readTimings } from "../../../commands/timings";
import { isPluginThere, pinnedVersion } from "../../../local/native/builderTools";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("local", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "runner-pulumi-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("builds the plugin of the version that the program uses", () =>
    assert.equal(
      pinnedVersion("builder", "github.com/pulumi/pulumi-docker-build"),
      dependencies["@pulumi/docker-build"],
    ));

  it("has a stand-in for every official image", () => {
    assert.deepEqual([...officialImages().values()].map(([stage]) => stage).sort(), Object.keys(standIns).sort());
  });

  it("tells why an image is stood in for, and how to ask for it again", () =>
    assert.equal(
      describeStandIn("debian:trixie@sha256:0", "unexpected status: 429"),
      "stand-in for debian:trixie, which could not be pulled (unexpected status: 429): " +
        "remove .local/bases.json to ask again (see local/README.md)",
    ));

  it("mirrors each release from its own modules", () => {
    for (const version of mirroredVersions()) {
      const text = readFileSync(join(__dirname, "..", "..", "local", "releases", `v${version}`, "go.mod"), "utf8");
      for (const module of ["pkg/v3", "sdk/v3"]) assert.ok(text.includes(`pulumi/pulumi/${module} v${version}`), text);
    }
  });

  it("shows each step of a build once, and everything that is no build's log", () => {
    const filter = createFilter();
    const prefix = " +  docker-build:index:Image python-smoke creating (3s) ";
    const step = `${prefix}#15 [smoke 2/9] RUN   pip install x`;
    assert.deepEqual(filter(step), ["     python-smoke       [smoke 2/9] RUN pip install x"]);
    assert.deepEqual(filter(step), []);
    for (const line of ["#15 CACHED", "#15 1.2 Collecting x", "#3 [internal] load .dockerignore", ""]) {
      assert.deepEqual(filter(prefix + line), [], line);
    }
    assert.deepEqual(filter("@ updating....."), []);
    const created = " +  docker-build:index:Image python-smoke created (60s) ";
    for (const line of [created, "error: the stack is locked"]) assert.deepEqual(filter(line), [line]);
  });

  it("shows the end of the log of a build that failed, and of no other", () => {
    const filter = createFilter();
    for (const image of ["python-smoke", "golang-smoke"]) {
      filter(` +  docker-build:index:Image ${image} creating (3s) #15 [smoke 2/9] RUN x`);
      for (let line = 1; line <= 40; line++) {
        filter(` +  docker-build:index:Image ${image} creating (3s) #15 ${line}.5 ${image} says ${line}`);
      }
    }
    const failed = " +  docker-build:index:Image golang-smoke **creating failed** error: exit code: 1";
    const [first, ...log] = filter(failed);
    assert.equal(first, failed);
    assert.equal(log.length, 30);
    assert.equal(log.at(-1), "     | golang-smoke says 40");
  });

  it("tells how long each resource took", () => {
    const urn = "urn:pulumi:local::runner-pulumi::docker-build:index:Image::python-smoke";
    const events = [
      { timestamp: 10, resourcePreEvent: { metadata: { urn } } },
      { timestamp: 72, resOutputsEvent: { metadata: { urn } } },
      { timestamp: 73, summaryEvent: {} },
    ];
    const lines = events.map((event) => JSON.stringify(event) + "\n");
    assert.deepEqual([...readTimings(lines.join(""))], [["python-smoke", 62]]);
  });

  it("writes durations as people do", () => {
    assert.equal(formatDuration(8400), "8 s");
    assert.equal(formatDuration(125_000), "2 min 05 s");
  });

  it("says before any set-up that a version cannot be had, and why", async () => {
    const unreachable = () => Promise.resolve({ url: undefined, reason: "get.pulumi.com cannot be reached" });
    await assert.rejects(
      requireObtainable("3.1.0", unreachable),
      /^Error: Pulumi 3\.1\.0 is not in the local mirror.* \(get\.pulumi\.com cannot be reached\)\. Release 3\./,
    );
    await requireObtainable(mirroredVersions()[0] ?? "", unreachable);
    await requireObtainable("3.1.0", () => Promise.resolve({ url: "https://get.pulumi.com", reason: "Pulumi's own" }));
  });

  it("refuses a registry that asks for a login, or answers otherwise than a registry", async () => {
    let status = 200;
    const server = createServer((_, response) => response.writeHead(status).end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const registry = `localhost:${(server.address() as AddressInfo).port}`;
    await requireRegistry(`${registry}/path`);
    status = 401;
    await assert.rejects(requireRegistry(registry), /asks for a login .* logs in nowhere/);
    status = 404;
    await assert.rejects(requireRegistry(registry), /is no registry that can be used: .*: it answers 404\. Start it/);
    server.close();
  });

  it("takes a file that was half written for none, and writes the next as a whole", async () => {
    const file = join(folder, "ports.json");
    writeFileSync(file, '{"registry": 50');
    const port = await portOf("registry", folder);
    assert.deepEqual(readJson(file), { registry: port });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith(".unfinished")),
      [],
    );
  });

  it("takes a plugin whose installation was interrupted for none", () => {
    const plugin = join(folder, "resource-docker-build-v1.0.0");
    mkdirSync(plugin);
    assert.equal(isPluginThere(plugin), false);
    writeFileSync(join(plugin, "pulumi-resource-docker-build"), "");
    assert.equal(isPluginThere(plugin), true);
    writeFileSync(`${plugin}.partial`, "");
    assert.equal(isPluginThere(plugin), false);
  });

  it("leaves nothing of a Debian package that cannot be unpacked whole", async () => {
    const file = join(folder, "truncated.deb");
    writeFileSync(file, "!<arch>\n");
    const root = join(folder, "truncated");
    await assert.rejects(unpack(file, root), /dpkg/);
    assert.equal(existsSync(root), false);
  });

  it("keeps the port that it chose, and gives another to another service", async () => {
    const port = await portOf("registry", folder);
    assert.equal(await portOf("registry", folder), port);
    assert.notEqual(await portOf("mirror", folder), port);
    assert.equal(await portOf("registry", folder), port);
    await withEnvironment({ TEST_PORT: "5001" }, async () => {
      assert.equal(await portOf("registry", folder, "TEST_PORT"), 5001);
    });
  });

  it("builds a Go module again where anything that decides its programs is another", async () => {
    const [module, output] = [join(folder, "module"), join(folder, "programs")];
    for (const each of [module, output]) mkdirSync(each);
    writeFileSync(join(module, "go.mod"), "module x\n");
    const build = { title: "x", module, packages: ["a"], output };
    const before = fingerprint(build);
    assert.equal(fingerprint({ ...build, title: "y" }), before);
    for (const change of [{ packages: ["b"] }, { variables: { v: "1" } }, { architecture: "arm64" }]) {
      assert.notEqual(fingerprint({ ...build, ...change }), before);
    }
    writeFileSync(join(output, ".built-from"), before);
    await withEnvironment({ PATH: folder }, async () => {
      await goBuild(build);
      writeFileSync(join(module, "go.sum"), "another");
      await assert.rejects(goBuild(build), /^Error: Go is not on PATH/);
    });
  });

  it("refuses a port that is none", async () => {
    process.env["TEST_PORT"] = "70000";
    await assert.rejects(portOf("other", folder, "TEST_PORT"), {
      message: `TEST_PORT "70000" is not a port. Give a number from 1 to 65535.`,
    });
    delete process.env["TEST_PORT"];
  });

  describe("daemon", () => {
    const where = { address: "localhost:1", whenTaken: "Stop it." };
    // Healthy while its pid file is there: nothing answers before it is started.
    const sleeper: Daemon = {
      ...where,
      name: "sleeper",
      command: "sleep",
      args: ["60"],
      isHealthy: () => Promise.resolve(existsSync(join(folder, "sleeper.json"))),
    };

    it("is started once, and stopped", async () => {
      assert.equal(await startDaemon(sleeper, folder), "started");
      assert.equal(await startDaemon(sleeper, folder), "running");
      assert.equal(await stopDaemon("sleeper", folder), true);
      assert.equal(await stopDaemon("sleeper", folder), false);
    });

    it("is not taken for another process that has its pid now", async () => {
      writeFileSync(join(folder, "other.json"), JSON.stringify({ folder, pid: process.pid, startTime: "1" }));
      assert.equal(await stopDaemon("other", folder), false);
    });

    it("is not started where another process answers in its place", () =>
      assert.rejects(startDaemon({ ...sleeper, isHealthy: () => Promise.resolve(true) }, folder), {
        message: "sleeper is to answer at localhost:1, and another process answers there already. Stop it.",
      }));

    it("has not come up where another process answers while it ends", async () => {
      const args = ["-c", "sleep 0.1; echo port taken; exit 1"];
      await assert.rejects(startDaemon({ ...sleeper, command: "sh", args }, folder), /port taken$/);
    });

    it("is not stopped by a pid file that was half written", async () => {
      writeFileSync(join(folder, "half.json"), '{"pid": 1');
      assert.equal(await stopDaemon("half", folder), false);
    });

    it("is left alone by a copy of its folder", async () => {
      await startDaemon(sleeper, folder);
      const copy = join(folder, "copy");
      mkdirSync(copy);
      copyFileSync(join(folder, "sleeper.json"), join(copy, "sleeper.json"));
      assert.equal(await stopDaemon("sleeper", copy), false);
      assert.equal(await stopDaemon("sleeper", folder), true);
    });

    it("is started again when it is not healthy", async () => {
      assert.equal(await startDaemon(sleeper, folder), "started");
      let asked = 0;
      // Asked of the one that runs, of the address that is to be free, and of the new one.
      const sick = { ...sleeper, isHealthy: () => Promise.resolve(++asked > 2) };
      assert.equal(await startDaemon(sick, folder), "started");
      await stopDaemon("sleeper", folder);
    });

    it("is started again when its program was built again", async () => {
      const command = join(folder, "program");
      writeFileSync(command, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
      assert.equal(await startDaemon({ ...sleeper, command }, folder), "started");
      assert.equal(await startDaemon({ ...sleeper, command }, folder), "running");
      utimesSync(command, 0, 0);
      assert.equal(await startDaemon({ ...sleeper, command }, folder), "started");
      await stopDaemon("sleeper", folder);
    });

    it("is started again with other settings", async () => {
      for (const change of [{}, { args: ["61"] }, { args: ["61"], env: { PROXY: "1" } }, { config: "http: 1" }]) {
        assert.equal(await startDaemon({ ...sleeper, ...change }, folder), "started");
      }
      await stopDaemon("sleeper", folder);
    });

    it("tells the end of its log when it does not come up", () =>
      assert.rejects(
        startDaemon(
          {
            ...where,
            name: "broken",
            command: "sh",
            args: ["-c", "echo no such luck; exit 1"],
            isHealthy: () => Promise.resolve(false),
          },
          folder,
        ),
        /^Error: broken does not come up\. The end of .*broken\.log:\nno such luck$/s,
      ));
  });
});
