import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { changeOf, movedTags, release } from "../../../commands/release";
import type { Release } from "../../../images/gitTag";
import { catalogue } from "../../../images/catalogue";
import { captureLog } from "../../helpers/captureLog";
import { servedDigest, useFakePulumi } from "../../helpers/fakePulumi";
import { isFault } from "../../helpers/isFault";
import { withEnvironment } from "../../helpers/withEnvironment";

const v1: Release = { stack: "prod", pulumiVersion: "1.0.0", tag: "v1" };

describe("release", () => {
  const pulumi = useFakePulumi();

  /** Releases this, and returns the error and the step's outputs. */
  async function run(resolved: Release | undefined) {
    const file = join(pulumi().folder, "outputs");
    writeFileSync(file, "");
    const target = {
      stack: "prod",
      resolve: () => Promise.resolve(resolved),
      registry: () => Promise.resolve({ registry: pulumi().registry, alias: "" }),
      prepare: () => Promise.resolve(pulumi().project),
    } as const;
    const { lines, error } = await withEnvironment({ GITHUB_OUTPUT: file, GITHUB_STEP_SUMMARY: "" }, () =>
      captureLog(() => release(target, "v1.0.0")),
    );
    return { lines, error, outputs: readFileSync(file, "utf8") };
  }

  it("sets the outputs before the report, which may fail: the images are published and must be attested", async () => {
    pulumi().install([pulumi().images("v1")]);
    // The subjects are read by digest first, then the sizes for the report.
    pulumi().answers["/v2/b/manifests/sha256:a"] = { body: '{"config":{"digest":"c"},"layers":null}' };
    const { error, outputs } = await run(v1);
    assert.match(String(error), /TypeError/);
    const image = { digest: servedDigest, platforms: { "linux/amd64": servedDigest } };
    const subjects = [
      { language: "first", repository: `${pulumi().registry}/a`, ...image },
      { language: "second", repository: `${pulumi().registry}/b`, ...image },
    ];
    assert.equal(outputs, `stack=prod\ntag=v1\nimages=${JSON.stringify(subjects)}\n`);
  });

  it("reports a failed update, and that no tag has moved", async () => {
    pulumi().install([], "exit 1");
    const { error, outputs } = await run(v1);
    isFault("pulumi up failed, see above. No tag has moved: users still pull what they did before.")(error);
    assert.equal(outputs, "");
  });

  it("claims nothing about tags that it could not read after a failed update", async () => {
    const name = `runner-pulumi-${catalogue[0]?.name}`;
    pulumi().install([], "exit 1");
    pulumi().answers[`/v2/${name}/manifests/v1`] = { status: 403 };
    isFault(
      `pulumi up failed, see above. Could not read ${pulumi().registry}/${name}, so it is unknown whether a tag has moved. ` +
        `Run the same command again when the registry answers.`,
    )((await run(v1)).error);
  });

  it("names the tags that moved before an update failed", async () => {
    const name = `runner-pulumi-${catalogue[0]?.name}`;
    pulumi().install([], "exit 1");
    // The tag appears while the update runs: after two requests with a token.
    let asked = 0;
    Object.defineProperty(pulumi().answers, `/v2/${name}/manifests/v1`, {
      get: () => (asked++ === 0 ? { status: 404 } : { headers: { "docker-content-digest": servedDigest } }),
    });
    isFault(
      `pulumi up failed, see above, after these tags moved: ${pulumi().registry}/${name}. ` +
        `Run the same command again to release the other languages.`,
    )((await run(v1)).error);
  });

  it("releases nothing if another run releases the tag", async () =>
    assert.deepEqual(await run(undefined), { lines: [], error: undefined, outputs: "" }));

  it("compares a digest with the one that the tag served before, and claims no change if that is unknown", () => {
    const changes = [undefined, "sha256:a", "sha256:b", "unknown"].map((before) => changeOf(before, "sha256:a"));
    assert.deepEqual(changes, ["new", "none", "moved", "unknown"]);
  });

  it("lists the tags that moved, but not those that cannot be read now", () => {
    const before = { same: "a", other: "a", unreadable: "a", new: undefined };
    const now = { same: "a", other: "b", unreadable: "unknown", new: "a" };
    assert.deepEqual(movedTags(new Map(Object.entries(before)), new Map(Object.entries(now))), ["other", "new"]);
  });
});
