import assert from "node:assert/strict";

import { changeOf, movedTags, release } from "../../../commands/release";
import type { Release } from "../../../images/gitTag";
import { catalogue } from "../../../images/catalogue";
import { commandLine } from "../../../lib/command";
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

  it("sets the outputs if the registry cannot be read any more: the images are published and must be attested", async () => {
    pulumi().install([pulumi().images("v1")]);
    for (const path of ["v1", servedDigest]) pulumi().answers[`/v2/b/manifests/${path}`] = { status: 403 };
    const { error, outputs, lines } = await run(v1);
    const start = "pulumi up succeeded and every tag has moved, but the registry does not serve all of it:\n";
    isFault(new RegExp(`^${start}  - \\S+/b:v1 could not be checked: .*403\nRun the same command again: `))(error);
    const image = { digest: servedDigest, platforms: { "linux/amd64": servedDigest } };
    const subjects = [
      { language: "first", repository: `${pulumi().registry}/a`, ...image },
      { language: "second", repository: `${pulumi().registry}/b`, ...image, platforms: {} },
    ];
    assert.equal(outputs, `stack=prod\ntag=v1\nimages=${JSON.stringify(subjects)}\n`);
    assert.ok(!lines.some((line) => line.includes("Nothing has changed")));
  });

  const [failed, again] = ["pulumi up failed, see above", "the same command again"];
  const unreadable =
    ". Could not read REPOSITORY, so it is unknown whether a tag has moved.\n" +
    `When the registry can be read, run ${again}: ${commandLine()}`;
  const moved =
    `, after these tags moved:\n  - REPOSITORY:v1: none → Pulumi of an unknown version, ${servedDigest}\n` +
    `Could not read OTHER, so it is unknown whether others have moved.\nTo finish the release, run ${again}: ${commandLine()}`;
  const unmoved =
    ". No tag has moved: users still pull what they did before.\n" +
    `Correct that, then run ${again}: ${commandLine()}`;
  for (const [name, now, end] of [
    ["that no tag has moved", { status: 404 }, unmoved],
    ["nothing about tags that cannot be read", { status: 403 }, unreadable],
    [
      "the tags that moved before that, with what they serve",
      { headers: { "docker-content-digest": servedDigest } },
      moved,
    ],
  ] as const) {
    it(`reports a failed update, and ${name}`, async () => {
      const [repository, other] = catalogue.map((language) => `runner-pulumi-${language.name}`);
      pulumi().install([], "exit 1");
      // The answer changes while the update runs. A tag that moved is named even if another one cannot be read.
      const answers: FullAnswer[] = [{ status: 404 }, now];
      Object.defineProperty(pulumi().answers, `/v2/${repository}/manifests/v1`, { get: () => answers.shift() });
      if (end === moved) pulumi().answers[`/v2/${other}/manifests/v1`] = { status: 403 };
      const { error, outputs } = await run(v1);
      const of = (name: string | undefined) => `${pulumi().registry}/${name}`;
      isFault(`${failed}${end.replace("REPOSITORY", of(repository)).replace("OTHER", of(other))}`)(error);
      assert.equal(outputs, "");
    });
  }

  it("says which tags moved if the outputs of an update that succeeded cannot be read", async () => {
    const [repository] = catalogue.map((language) => `runner-pulumi-${language.name}`);
    pulumi().install([]);
    const answers: FullAnswer[] = [{ status: 404 }, { headers: { "docker-content-digest": servedDigest } }];
    Object.defineProperty(pulumi().answers, `/v2/${repository}/manifests/v1`, { get: () => answers.shift() });
    const start = String.raw`pulumi up succeeded, but its outputs cannot be read \(.+\), after these tags moved:\n`;
    const end = `No other tag has moved.\nTo finish the release, run ${again}: ${commandLine()}`;
    isFault(new RegExp(`^${start}  - \\S+/${repository}:v1: none → Pulumi .*\n${end}$`))((await run(v1)).error);
  });

  it("fails after the report with the languages that were left out, and with what was released", async () => {
    pulumi().leftOut = { reasons: { golang: "golang is left out." } };
    pulumi().install([pulumi().images("v1")], "exit 1");
    const { error, outputs } = await run(v1);
    isFault("golang is left out.\nReleased all the same, see above: first, second.")(error);
    assert.match(outputs, /^images=.*second/m);
  });

  it("reports that nothing was released if every language was left out", async () => {
    pulumi().leftOut = { reasons: { golang: "golang is left out." } };
    pulumi().install([{}], "exit 1");
    isFault("golang is left out.\nNo tag has moved.")((await run(v1)).error);
  });

  it("releases nothing if another run releases the tag", async () =>
    assert.deepEqual(await run(undefined), { lines: [], error: undefined, outputs: "" }));

  it("compares a digest with the one that the tag served before, and claims no change if that is unknown", () => {
    const changes = [undefined, "sha256:a", "sha256:b", "unknown"].map((before) => changeOf(before, "sha256:a"));
    assert.deepEqual(changes, ["new", "none", "moved", "unknown"]);
  });

  it("tells the tags that moved from those that could not be read before, or cannot be now", () => {
    const before = { same: "a", other: "a", unreadable: "a", recovered: "unknown", new: undefined };
    const now = { same: "a", other: "b", unreadable: "unknown", recovered: "a", new: "a" };
    assert.deepEqual(movedTags(new Map(Object.entries(before)), new Map(Object.entries(now))), {
      moved: ["other", "new"],
      unknown: ["unreadable", "recovered"],
    });
  });
});
