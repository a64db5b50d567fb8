import assert from "node:assert/strict";

import { configure } from "../../../commands/configure";
import type { Release } from "../../../images/gitTag";
import { targetWith } from "../../helpers/targets";

describe("configure", () => {
  const release: Release = { stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" };

  it("prepares what the tag releases, even if it is at another commit by now, because a person asks for it", async () => {
    const prepared: Release[] = [];
    const prepare = (one: Release) => {
      prepared.push(one);
      return Promise.resolve({ folder: "", env: {}, logs: "", languages: [] });
    };
    for (const resolved of [release, undefined]) {
      await configure(targetWith({ resolve: () => Promise.resolve(resolved), prepare }), "v3.66.0");
    }
    assert.deepEqual(prepared, [release, release]);
  });

  it("prepares nothing if the tag may not be released", () => {
    const resolve = () => Promise.reject(new Error("withdrawn"));
    return assert.rejects(configure(targetWith({ resolve }), "v3.66.0"), /withdrawn/);
  });
});
