import assert from "node:assert/strict";

import { runPulumi } from "../../../commands/pulumi";
import type { Project } from "../../../commands/target";
import { captureLog } from "../../helpers/captureLog";
import { useFakePulumi } from "../../helpers/fakePulumi";
import { useFiles } from "../../helpers/folderOfFiles";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("runPulumi without a terminal", () => {
  const pulumi = useFakePulumi();
  const files = useFiles();
  beforeEach(() => pulumi().install([], "echo @ updating; echo 1 created >&2"));

  const run = (logs: string) =>
    captureLog(async () => assert.equal((await runPulumi({ ...pulumi().project, logs }, ["up"])).succeeded, true));

  it("writes the complete output to pulumi.log", async () => {
    const lines = ["1 created", `  pulumi.log           ${files.path("pulumi.log")}`];
    assert.deepEqual(await run(files.path()), { lines });
    assert.equal(files.read("pulumi.log"), "@ updating\n1 created\n");
  });

  it("goes on if the log cannot be written, and reports that it is incomplete", async () => {
    const { lines, error } = await run(files.write("file"));
    assert.equal(error, undefined);
    assert.match(lines.join("\n"), /^1 created\n {2}pulumi\.log +\S+ is incomplete: ENOTDIR/);
  });
});

describe("runPulumi that fails", () => {
  const pulumi = useFakePulumi();
  const causes = async (project: Partial<Project> = {}) =>
    (await runPulumi({ ...pulumi().project, ...project }, ["up"])).causes.join("\n");

  it("reads errors from pulumi's events on a terminal, which its display belongs to", async () => {
    const event = (severity: string, message: string) => JSON.stringify({ diagnosticEvent: { message, severity } });
    const events = [event("info", "401 Unauthorized"), event("error", "no space left on device"), '{"half'].join("\n");
    pulumi().install([], `for events; do :; done; echo '${events}' >"$events"; exit 1`);
    const { isTTY } = process.stdout;
    process.stdout.isTTY = true;
    const found = await withEnvironment({ CI: "", NO_COLOR: "", TERM: "xterm" }, () => causes());
    process.stdout.isTTY = isTTY;
    assert.match(found, /^A disk is full: [^\n]*$/);
    assert.match(pulumi().calls.join("\n"), /^up --event-log \/\S+$/);
  });

  it("reads the log of the registry, if that runs here", async () => {
    pulumi().install([], "echo 'unknown: invalid content range'; exit 1");
    const log = ' err.detail="write /x: no space left on device" x http.response.status=500 x';
    const registry = { storage: "/the/folder", log: () => Promise.resolve(log) };
    const { lines } = await captureLog(async () => {
      assert.match(await causes(), /^The registry had stored a part/);
      assert.match(await causes({ registry }), /^The registry's disk is full: \/the\/folder\. [^\n]*$/);
    });
    assert.equal(lines.length, 4);
  });
});
