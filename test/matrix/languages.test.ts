import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";

import { catalogue } from "../../images/catalogue";
import { allPlatforms } from "../../images/platform";
import { inFolder } from "../../local/folder";
import type { Ended } from "../fakes/githubActions/workflows";
import { assertSucceeded } from "../helpers/assertRun";
import { FreshBuilder } from "../helpers/freshBuilder";
import { Scratch } from "../helpers/scratch";
import { TwoMachines } from "../helpers/twoMachines";

const release = { pulumiVersion: "3.66.0" };
const names = catalogue.map(({ name }) => name);

// One of the platforms is emulated, which takes too long for every change. Nothing has a cache.
describe("every language on every platform", () => {
  let scratch: Scratch;
  let builder: FreshBuilder;
  let machines: TwoMachines;
  let native: Ended;

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], allPlatforms);
    const { tools } = scratch.place.environment;
    const nodes = [{ platforms: allPlatforms, emulates: true }];
    builder = await FreshBuilder.start("runner-pulumi-matrix", tools, nodes);
    machines = await TwoMachines.start(names);
    const run = await scratch.up({ ...release, tag: "v3.66.0", builder: builder.name });
    // A failure's message shows only its end, and another run takes an hour and more.
    writeFileSync(inFolder("matrix.log"), run.output);
    assertSucceeded(run);
    native = await machines.release("v3.66.0");
    appendFileSync(inFolder("matrix.log"), native.log);
  });
  after(async () => {
    // Those that `before` did not start are undefined.
    await machines?.stop();
    await builder?.stop();
    await scratch?.stop();
  });

  it("is released by one builder that emulates", async () => {
    const released = await scratch.served("v3.66.0");
    for (const name of names) {
      const digest = released[name] ?? "";
      assert.deepEqual(await scratch.platformsOf(name, digest), allPlatforms, name);
      assert.ok(await scratch.pulls(name, digest), name);
    }
  });

  it("has the same digest from one machine for each platform, without emulation on the one that publishes", async () => {
    assert.equal(native.conclusion, "success", native.log.slice(-3000));
    assert.deepEqual(await machines.flow.served("prod", "v3.66.0"), await scratch.served("v3.66.0"));
  });
});
