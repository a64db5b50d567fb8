import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createFilter, runPulumi, targetArguments } from "../../../commands/pulumi";
import { catalogue } from "../../../images/catalogue";
import { captureLog } from "../../helpers/captureLog";
import { FakePulumi } from "../../helpers/fakePulumi";
import { withoutTerminal } from "../../helpers/withoutTerminal";

describe("pulumi", () => {
  it("shows each step of a build once, and every line that does not come from a build", () => {
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
        filter(` +  docker-build:index:Image ${image} creating (3s) #15 ${line}.5 ${image} prints ${line}`);
      }
    }
    const failed = " +  docker-build:index:Image golang-smoke **creating failed** error: exit code: 1";
    const [first, ...log] = filter(failed);
    assert.equal(first, failed);
    assert.equal(log.length, 30);
    assert.equal(log.at(-1), "     | golang-smoke prints 40");
  });

  it("limits an update to the resources of some languages, by the ends of their URNs", () => {
    assert.deepEqual(targetArguments({ languages: [] }), []);
    const languages = catalogue.filter(({ name }) => name === "python");
    assert.deepEqual(targetArguments({ languages }), ["--target", "**::python", "--target", "**::python-*"]);
  });

  describe("without a terminal", () => {
    let pulumi: FakePulumi;
    beforeEach(async () => {
      pulumi = await FakePulumi.start();
    });
    afterEach(() => pulumi.stop());

    const run = (args: string[]) =>
      captureLog(() => withoutTerminal(async () => assert.equal(await runPulumi(pulumi.project, args), true)));

    it("writes the complete output to pulumi.log", async () => {
      pulumi.install([], "echo @ updating; echo 1 created >&2");
      const { lines, error } = await run(["up"]);
      assert.equal(error, undefined);
      const file = join(pulumi.folder, "pulumi.log");
      assert.deepEqual(lines, ["1 created", `  pulumi.log           ${file}`]);
      assert.equal(readFileSync(file, "utf8"), "@ updating\n1 created\n");
    });

    it("goes on if the log cannot be written, and reports that it is incomplete", async () => {
      pulumi.install([], "echo 1 created");
      writeFileSync(join(pulumi.folder, "file"), "");
      const project = { ...pulumi.project, logs: join(pulumi.folder, "file") };
      const { lines, error } = await captureLog(() => withoutTerminal(() => runPulumi(project, ["up"])));
      assert.equal(error, undefined);
      assert.match(lines.join("\n"), /^1 created\n {2}pulumi\.log +\S+ is incomplete: ENOTDIR/);
    });
  });
});
