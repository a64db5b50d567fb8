import assert from "node:assert/strict";

import { configure } from "../../../commands/configure";
import type { Release } from "../../../images/gitTag";

describe("configure", () => {
  const release: Release = { stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" };

  /** The releases that are prepared for a tag. */
  async function prepared(resolve: () => Promise<Release | undefined>): Promise<Release[]> {
    const releases: Release[] = [];
    const project = { folder: "", env: {}, logs: "", languages: [] };
    const prepare = (one: Release) => {
      releases.push(one);
      return Promise.resolve(project);
    };
    await configure({ stack: "prod", resolve, registry: assert.fail, prepare }, "v3.66.0");
    return releases;
  }

  it("prepares what the tag releases", async () =>
    assert.deepEqual(await prepared(() => Promise.resolve(release)), [release]));

  it("prepares a tag that is at another commit by now, because a person asks for it", async () =>
    assert.deepEqual(await prepared(() => Promise.resolve(undefined)), [release]));

  it("prepares nothing if the tag may not be released", () =>
    assert.rejects(
      prepared(() => Promise.reject(new Error("withdrawn"))),
      /withdrawn/,
    ));
});
