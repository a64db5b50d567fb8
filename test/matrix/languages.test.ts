import assert from "node:assert/strict";

import { catalogue } from "../../images/catalogue";
import { allPlatforms } from "../../images/platform";
import { FreshBuilder } from "../helpers/freshBuilder";
import { assertSucceeded } from "../helpers/assertRun";
import { TwoMachines } from "../helpers/twoMachines";
import { Scratch } from "../helpers/scratch";

const release = { pulumiVersion: "3.66.0" };

// For `make test-all`: one of the platforms is emulated, which takes too long for every change.
describe("every language on every platform", () => {
  let scratch: Scratch;
  let released: Record<string, string>;

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], allPlatforms);
  });
  after(() => scratch.stop());

  it("is released", async () => {
    assertSucceeded(await scratch.up({ ...release, tag: "v3.66.0" }));
    released = await scratch.served("v3.66.0");
    for (const { name } of catalogue) {
      const digest = released[name] ?? "";
      assert.deepEqual(await scratch.platformsOf(name, digest), allPlatforms, name);
      assert.ok(await scratch.pulls(name, digest), name);
    }
  });

  it("has the same digest on a builder without any cache", async () => {
    const { tools } = scratch.place.environment;
    const builder = await FreshBuilder.start("runner-pulumi-matrix", tools, [
      { platforms: allPlatforms, emulates: true },
    ]);
    try {
      assertSucceeded(await scratch.up({ ...release, tag: "dev-v3.66.0", builder: builder.name }));
      assert.deepEqual(await scratch.served("dev-v3.66.0"), released);
    } finally {
      await builder.stop();
    }
  });

  it("has the same digest on one machine for each platform, without emulation on the one that publishes", async () => {
    const machines = await TwoMachines.start(catalogue.map(({ name }) => name));
    try {
      const { conclusion, log } = await machines.release("v3.66.0");
      assert.equal(conclusion, "success", log.slice(-3000));
      assert.deepEqual(await machines.flow.served("prod", "v3.66.0"), released);
    } finally {
      await machines.stop();
    }
  });
});
