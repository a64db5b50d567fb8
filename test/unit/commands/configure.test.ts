import assert from "node:assert/strict";

import { configure } from "../../../commands/configure";
import type { Release } from "../../../images/gitTag";

describe("configure", () => {
  const release: Release = { stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" };

  it("prepares what the tag releases, even if it is at another commit by now, because a person asks for it", async () => {
    const prepared: Release[] = [];
    const prepare = (one: Release) => {
      prepared.push(one);
      return Promise.resolve({ folder: "", env: {}, logs: "", languages: [] });
    };
    for (const resolved of [release, undefined]) {
      const resolve = () => Promise.resolve(resolved);
      await configure({ stack: "prod", resolve, registry: assert.fail, prepare }, "v3.66.0");
    }
    assert.deepEqual(prepared, [release, release]);
  });

  it("prepares nothing if the tag may not be released", async () => {
    const resolve = () => Promise.reject(new Error("withdrawn"));
    const target = { stack: "prod", resolve, registry: assert.fail, prepare: assert.fail } as const;
    await assert.rejects(configure(target, "v3.66.0"), /withdrawn/);
  });
});
