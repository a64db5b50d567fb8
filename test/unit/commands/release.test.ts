import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { release } from "../../../commands/release";
import type { Target } from "../../../commands/target";
import { catalogue } from "../../../images/catalogue";
import { Fault } from "../../../lib/errors";
import { captureLog } from "../../helpers/captureLog";
import { FakePulumi, servedDigest } from "../../helpers/fakePulumi";
import { withEnvironment } from "../../helpers/withEnvironment";
import { withoutTerminal } from "../../helpers/withoutTerminal";

describe("release", () => {
  let pulumi: FakePulumi;
  let target: Target;
  let outputs: string;

  beforeEach(async () => {
    pulumi = await FakePulumi.start();
    outputs = join(pulumi.folder, "outputs");
    writeFileSync(outputs, "");
    target = {
      stack: "prod",
      resolve: () => Promise.resolve({ stack: "prod", pulumiVersion: "1.0.0", tag: "v1" }),
      registry: () => Promise.resolve({ registry: pulumi.registry, alias: "" }),
      prepare: () => Promise.resolve(pulumi.project),
    };
  });
  afterEach(() => pulumi.stop());

  const run = () =>
    withEnvironment({ GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: "" }, () =>
      captureLog(() => withoutTerminal(() => release(target, "v1.0.0"))),
    );

  it("sets the outputs before the report, which may fail: the images are published and must be attested", async () => {
    pulumi.install([pulumi.images("v1")]);
    // The subjects are read by digest first, then the sizes for the report.
    pulumi.answers["/v2/b/manifests/sha256:a"] = { body: '{"config":{"digest":"c"},"layers":null}' };
    assert.match(String((await run()).error), /TypeError/);
    const subject = (language: string, name: string) => ({
      language,
      ...{ repository: `${pulumi.registry}/${name}`, digest: servedDigest, platforms: { "linux/amd64": servedDigest } },
    });
    const expected = JSON.stringify([subject("first", "a"), subject("second", "b")]);
    assert.equal(readFileSync(outputs, "utf8"), `stack=prod\ntag=v1\nimages=${expected}\n`);
  });

  it("reports a failed update without a stack trace, and that no tag has moved", async () => {
    pulumi.install([], "exit 1");
    const { error } = await run();
    assert.ok(error instanceof Fault);
    assert.equal(
      error.message,
      "pulumi up failed, see above. No tag has moved: users still pull what they did before.",
    );
    assert.equal(readFileSync(outputs, "utf8"), "");
  });

  it("names the tags that moved before an update failed", async () => {
    const [language] = catalogue;
    const path = `/v2/runner-pulumi-${language?.name}/manifests/v1`;
    pulumi.install([], "exit 1");
    // The tag appears while the update runs: after two requests with a token.
    let asked = 0;
    Object.defineProperty(pulumi.answers, path, {
      get: () => (asked++ === 0 ? { status: 404 } : { headers: { "docker-content-digest": servedDigest } }),
    });
    const moved = `${pulumi.registry}/runner-pulumi-${language?.name}`;
    assert.equal(
      String((await run()).error),
      `Error: pulumi up failed, see above, after these tags moved: ${moved}. ` +
        `Run the same command again to release the other languages.`,
    );
  });

  it("releases nothing if another run releases the tag", async () => {
    assert.deepEqual(
      await captureLog(() => release({ ...target, resolve: () => Promise.resolve(undefined) }, "v1.0.0")),
      {
        lines: [],
      },
    );
    assert.equal(readFileSync(outputs, "utf8"), "");
  });
});
