import assert from "node:assert/strict";
import { cpSync, existsSync, utimesSync } from "node:fs";

import { type Daemon, startDaemon, stopDaemon } from "../../local/native/daemon";
import { useFiles } from "../helpers/folderOfFiles";

// Not a unit test: the daemons are identified by Linux's /proc.
describe("a daemon", () => {
  // Declared first, so that it runs before the folder is removed.
  afterEach(() => stop());
  const files = useFiles();
  // Healthy as long as its pid file exists: nothing answers before it is started.
  const sleeper: Daemon = {
    name: "sleeper",
    command: "sleep",
    args: ["60"],
    address: "localhost:1",
    whenTaken: "Stop it.",
    isHealthy: () => Promise.resolve(existsSync(files.path("sleeper.json"))),
  };
  /** Starts the sleeper with other settings. */
  const start = (change: Partial<Daemon> = {}) => startDaemon({ ...sleeper, ...change }, files.path());
  const stop = (from = files.path()) => stopDaemon("sleeper", from);

  it("is started once, and stopped", async () => {
    const results = [await start(), await start(), await stop(), await stop()];
    assert.deepEqual(results, ["started", "running", true, false]);
  });

  it("is not started if another process answers at its address", () =>
    assert.rejects(start({ isHealthy: () => Promise.resolve(true) }), {
      message: "Another process already answers at localhost:1, the address of sleeper. Stop it.",
    }));

  it("has not started if it ends while another process answers", () =>
    assert.rejects(start({ command: "sh", args: ["-c", "sleep 0.01; echo port taken; exit 1"] }), /port taken$/));

  it("reports the end of its log if it does not start", () =>
    assert.rejects(
      start({ command: "sh", args: ["-c", "echo no such luck; exit 1"], isHealthy: () => Promise.resolve(false) }),
      /^Error: sleeper does not start\. The end of .*sleeper\.log:\nno such luck$/s,
    ));

  it("is not stopped by a pid file of another process, or by a truncated one", async () => {
    const reused = JSON.stringify({ folder: files.path(), pid: process.pid, startTime: "1" });
    for (const text of [reused, '{"pid": 1']) {
      files.write("sleeper.json", text);
      assert.equal(await stop(), false);
    }
  });

  it("is not stopped from a copy of its folder", async () => {
    await start();
    cpSync(files.path("sleeper.json"), files.path("copy", "sleeper.json"));
    assert.deepEqual([await stop(files.path("copy")), await stop()], [false, true]);
  });

  it("is restarted if it is not healthy", async () => {
    assert.equal(await start(), "started");
    let polls = 0;
    // Polled twice for the running daemon, then for the address, which must be free, then for the new daemon.
    assert.equal(await start({ isHealthy: () => Promise.resolve(++polls > 3) }), "started");
  });

  it("is restarted if its program was rebuilt", async () => {
    const command = files.write("program", "#!/bin/sh\nexec sleep 60\n", 0o755);
    assert.deepEqual([await start({ command }), await start({ command })], ["started", "running"]);
    utimesSync(command, 0, 0);
    assert.equal(await start({ command }), "started");
  });

  it("is restarted with other settings", async () => {
    const config = { file: files.path("config.yml"), text: "http: 1" };
    for (const change of [{}, { args: ["61"] }, { args: ["61"], env: { PROXY: "1" } }, { config }]) {
      assert.equal(await start(change), "started");
    }
  });
});
