import assert from "node:assert/strict";

import { changeOf, movedTags, release } from "../../../commands/release";
import type { Release } from "../../../images/gitTag";
import { catalogue } from "../../../images/catalogue";
import { captureLog } from "../../helpers/captureLog";
import { servedDigest, useFakePulumi } from "../../helpers/fakePulumi";
import { useFiles } from "../../helpers/folderOfFiles";
import type { FullAnswer } from "../../helpers/http";
import { isFault } from "../../helpers/isFault";
import { targetWith } from "../../helpers/targets";
import { withEnvironment } from "../../helpers/withEnvironment";

const v1: Release = { stack: "prod", pulumiVersion: "1.0.0", tag: "v1" };

describe("release", () => {
  const pulumi = useFakePulumi();
  const files = useFiles();

  async function run(resolved: Release | undefined) {
    const target = targetWith({
      resolve: () => Promise.resolve(resolved),
      registry: () => Promise.resolve({ registry: pulumi().registry, alias: "" }),
      prepare: () => Promise.resolve(pulumi().project),
    });
    const env = { GITHUB_OUTPUT: files.write("outputs"), GITHUB_STEP_SUMMARY: "" };
    const { lines, error } = await withEnvironment(env, () => captureLog(() => release(target, "v1.0.0")));
    return { lines, error, outputs: files.read("outputs") };
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

  const unreadable =
    ". Could not read REPOSITORY, so it is unknown whether a tag has moved. Run the same command again when the registry answers.";
  const moved = ", after these tags moved: REPOSITORY. Run the same command again to release the other languages.";
  for (const [name, now, end] of [
    ["that no tag has moved", { status: 404 }, ". No tag has moved: users still pull what they did before."],
    ["nothing about tags that cannot be read", { status: 403 }, unreadable],
    ["the tags that moved before that", { headers: { "docker-content-digest": servedDigest } }, moved],
  ] as const) {
    it(`reports a failed update, and ${name}`, async () => {
      const [repository, other] = catalogue.map((language) => `runner-pulumi-${language.name}`);
      pulumi().install([], "exit 1");
      // The answer changes while the update runs. A tag that moved is named even if another one cannot be read.
      const answers: FullAnswer[] = [{ status: 404 }, now];
      Object.defineProperty(pulumi().answers, `/v2/${repository}/manifests/v1`, { get: () => answers.shift() });
      if (end === moved) pulumi().answers[`/v2/${other}/manifests/v1`] = { status: 403 };
      const { error, outputs } = await run(v1);
      const message = `pulumi up failed, see above${end.replace("REPOSITORY", `${pulumi().registry}/${repository}`)}`;
      isFault(message)(error);
      assert.equal(outputs, "");
    });
  }

  it("fails after the report with the languages that were left out, and with what was released", async () => {
    pulumi().leftOut = { at: new Date(Date.now() + 60_000).toISOString(), reasons: { golang: "golang is left out." } };
    pulumi().install([pulumi().images("v1")], "exit 1");
    const { error, outputs } = await run(v1);
    isFault("golang is left out.\nReleased all the same, see above: first, second.")(error);
    assert.match(outputs, /^images=.*second/m);
  });

  it("reports that nothing was released if every language was left out", async () => {
    pulumi().leftOut = { at: new Date(Date.now() + 60_000).toISOString(), reasons: { golang: "golang is left out." } };
    pulumi().install([{}], "exit 1");
    isFault("golang is left out.\nNo tag has moved.")((await run(v1)).error);
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
