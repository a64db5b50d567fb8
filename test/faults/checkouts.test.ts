import assert from "node:assert/strict";

import { CheckoutCopy } from "./checkoutCopy";
import { assertReached, survive } from "./faults";

describe("faults: two checkouts", () => {
  let one: CheckoutCopy;
  let two: CheckoutCopy;

  before("two checkouts are set up", async function () {
    this.timeout(1_800_000);
    one = await CheckoutCopy.create();
    two = await CheckoutCopy.create();
  });
  after(async () => {
    await one.remove();
    await two.remove();
  });

  /** Each serves what it has released, and nothing of the other one. */
  async function assertApart(): Promise<void> {
    assert.deepEqual([await one.client.tags(), await two.client.tags()], [["v3.66.0"], ["v3.64.0"]]);
    const ports = [one, two].flatMap((copy) =>
      Object.values(JSON.parse(copy.read(".local/ports.json")) as Record<string, number>),
    );
    assert.equal(new Set(ports).size, ports.length, ports.join());
  }

  it("release at once", async () => {
    const [other, ended] = await Promise.all([one.up("v3.66.0"), two.up("v3.64.0")]);
    assertReached(other);
    await survive(two, "two checkouts release at once", ended, {
      says: /Released\n/,
      exit: 0,
      stays: assertApart,
      recovers: async () => {
        for (const ended of [await one.up("v3.66.0"), await two.up("v3.64.0")])
          assert.match(ended.output, /Nothing has changed/);
        await assertApart();
      },
    });
  });

  it("release while the other one stops its daemons and removes its files", async () => {
    const [down, ended] = await Promise.all([one.make("clean"), two.up("v3.66.0")]);
    assertReached(down);
    await survive(two, "a checkout releases while another one is cleaned", ended, {
      says: /Released\n/,
      exit: 0,
      stays: async () => assert.deepEqual(await two.client.tags(), ["v3.64.0", "v3.66.0"]),
      recovers: async () => assert.match((await two.up("v3.66.0")).output, /Nothing has changed/),
    });
  });
});
