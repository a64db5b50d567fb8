import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Daemon, startDaemon, stopDaemon } from "../../local/native/daemon";
import { useTemporaryFolder } from "../helpers/temporaryFolder";

// Not a unit test: the daemons are identified by Linux's /proc.
describe("a daemon", () => {
  // Declared first, so that it runs before the folder is removed.
  afterEach(() => stopDaemon("sleeper", folder()));
  const folder = useTemporaryFolder();
  // Healthy as long as its pid file exists: nothing answers before it is started.
  const sleeper: Daemon = {
    name: "sleeper",
    command: "sleep",
    args: ["60"],
    address: "localhost:1",
    whenTaken: "Stop it.",
    isHealthy: () => Promise.resolve(existsSync(join(folder(), "sleeper.json"))),
  };

  it("is started once, and stopped", async () => {
    assert.equal(await startDaemon(sleeper, folder()), "started");
    assert.equal(await startDaemon(sleeper, folder()), "running");
    assert.equal(await stopDaemon("sleeper", folder()), true);
    assert.equal(await stopDaemon("sleeper", folder()), false);
  });

  it("is not confused with another process that reuses its pid", async () => {
    writeFileSync(join(folder(), "other.json"), JSON.stringify({ folder: folder(), pid: process.pid, startTime: "1" }));
    assert.equal(await stopDaemon("other", folder()), false);
  });

  it("is not started if another process answers at its address", () =>
    assert.rejects(startDaemon({ ...sleeper, isHealthy: () => Promise.resolve(true) }, folder()), {
      message: "Another process already answers at localhost:1, the address of sleeper. Stop it.",
    }));

  it("has not started if it ends while another process answers", async () => {
    const args = ["-c", "sleep 0.1; echo port taken; exit 1"];
    await assert.rejects(startDaemon({ ...sleeper, command: "sh", args }, folder()), /port taken$/);
  });

  it("is not stopped by a truncated pid file", async () => {
    writeFileSync(join(folder(), "half.json"), '{"pid": 1');
    assert.equal(await stopDaemon("half", folder()), false);
  });

  it("is not stopped from a copy of its folder", async () => {
    await startDaemon(sleeper, folder());
    const copy = join(folder(), "copy");
    mkdirSync(copy);
    copyFileSync(join(folder(), "sleeper.json"), join(copy, "sleeper.json"));
    assert.equal(await stopDaemon("sleeper", copy), false);
    assert.equal(await stopDaemon("sleeper", folder()), true);
  });

  it("is restarted if it is not healthy", async () => {
    assert.equal(await startDaemon(sleeper, folder()), "started");
    let polls = 0;
    // Polled for the running daemon, then for the address, which must be free, then for the new daemon.
    const sick = { ...sleeper, isHealthy: () => Promise.resolve(++polls > 2) };
    assert.equal(await startDaemon(sick, folder()), "started");
  });

  it("is restarted if its program was rebuilt", async () => {
    const command = join(folder(), "program");
    writeFileSync(command, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
    assert.equal(await startDaemon({ ...sleeper, command }, folder()), "started");
    assert.equal(await startDaemon({ ...sleeper, command }, folder()), "running");
    utimesSync(command, 0, 0);
    assert.equal(await startDaemon({ ...sleeper, command }, folder()), "started");
  });

  it("is restarted with other settings", async () => {
    for (const change of [{}, { args: ["61"] }, { args: ["61"], env: { PROXY: "1" } }, { config: "http: 1" }]) {
      assert.equal(await startDaemon({ ...sleeper, ...change }, folder()), "started");
    }
  });

  it("reports the end of its log if it does not start", () => {
    const args = ["-c", "echo no such luck; exit 1"];
    const broken = { ...sleeper, command: "sh", args, isHealthy: () => Promise.resolve(false) };
    return assert.rejects(
      startDaemon(broken, folder()),
      /^Error: sleeper does not start\. The end of .*sleeper\.log:\nno such luck$/s,
    );
  });
});
