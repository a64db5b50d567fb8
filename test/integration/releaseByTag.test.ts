import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Subject } from "../../commands/release";
import type { Ended } from "../fakes/githubActions/workflows";
import { assertRefused, says } from "../helpers/assertRun";
import { ReleaseFlow } from "../helpers/releaseFlow";
import { git } from "../helpers/scratchRepository";

// Each run releases every language of its repository: more of them would only take longer.
const languages = ["javascript", "golang", "yaml"];

// One story: each test starts from the repository, the registry and the state that the previous one leaves.
describe("release by a pushed tag", () => {
  let flow: ReleaseFlow;
  /** The first commit of main. */
  let start: string;
  let before64: Record<string, string>;
  let before66: Record<string, string>;

  before(async () => {
    flow = await ReleaseFlow.start(["3.64.0", "3.66.0"], undefined, languages);
    start = await flow.repository.git("rev-parse", "HEAD");
  });
  after(() => flow.stop());

  /** Runs the queue, and asserts that it has a run for each of these tags, which succeeds. */
  async function succeeds(tags: readonly string[], order?: "last in, first out"): Promise<Ended[]> {
    const ended = await flow.actions.drain(order);
    for (const { title, conclusion, log } of ended)
      assert.equal(conclusion, "success", `${title}\n${log.slice(-3000)}`);
    assert.deepEqual(
      ended.map(({ title }) => title),
      tags.map((tag) => `Release ${tag}`),
    );
    return ended;
  }

  /** Pushes tags, and asserts that the run for each succeeds. */
  async function release(...tags: string[]): Promise<Ended[]> {
    await flow.push(...tags);
    return succeeds(tags);
  }

  /** Runs the queue, and asserts that it has one run, which fails with a sentence and without a stack trace. */
  async function refuses(sentence: RegExp): Promise<Ended> {
    const [run, ...others] = await flow.actions.drain();
    assert.ok(run !== undefined && others.length === 0);
    assertRefused({ failed: run.conclusion === "failure", output: run.log }, sentence);
    assert.equal(run.summary, "");
    return run;
  }

  it("releases dev-vX.Y.Z on stack dev, and nothing on stack prod; sets outputs for attestations", async () => {
    const [run] = await release("dev-v3.64.0");
    says(run?.log ?? "", /dev +Pulumi 3\.64\.0, image tag dev-v3\.64\.0/);
    before64 = await flow.served("dev", "dev-v3.64.0");
    assert.deepEqual(Object.keys(before64), languages);
    assert.deepEqual(await flow.client("prod", "javascript").tags(), []);
    assert.equal(run?.outputs["tag"], "dev-v3.64.0");
    const subjects = JSON.parse(run.outputs["images"] ?? "[]") as Subject[];
    assert.deepEqual(Object.fromEntries(subjects.map(({ language, digest }) => [language, digest])), before64);
    for (const { language, repository, platforms } of subjects) {
      assert.equal(repository, flow.client("dev", language).repository);
      assert.deepEqual(Object.keys(platforms), flow.place.environment.platforms);
      for (const digest of Object.values(platforms)) {
        assert.ok(((await flow.client("dev", language).manifest(digest))?.layers ?? []).length > 0, language);
      }
    }
  });

  it("releases vX.Y.Z and latest-vX.Y.Z on stack prod, with the digests of dev", async () => {
    await release("v3.64.0", "latest-v3.64.0");
    for (const tag of ["v3.64.0", "latest"]) assert.deepEqual(await flow.served("prod", tag), before64);
  });

  it("releases the next version, and leaves the tags of the previous one", async () => {
    await release("v3.66.0", "latest-v3.66.0");
    before66 = await flow.served("prod", "v3.66.0");
    assert.notDeepEqual(before66, before64);
    assert.deepEqual(await flow.served("prod", "latest"), before66);
    assert.deepEqual(await flow.served("prod", "v3.64.0"), before64);
  });

  it("publishes the inventory of each vX.Y.Z as release notes, and of no other tag", () => {
    const notes = flow.gitHub.releases.map(({ body, ...others }) => {
      says(body, new RegExp(`\\b${others.tagName.slice(1).replaceAll(".", "\\.")}\\b`));
      return others;
    });
    assert.deepEqual(notes, [
      { tagName: "v3.66.0", title: "v3.66.0", isDraft: false, isLatest: true },
      { tagName: "v3.64.0", title: "v3.64.0", isDraft: false, isLatest: false },
    ]);
  });

  it("pushes nothing if nothing has changed, and reports that in the summary", async () => {
    const [run] = await release("latest-v3.66.0");
    says(run?.log ?? "", /Resources:\n +\d+ unchanged\n/);
    const summary = run?.summary ?? "";
    assert.match(summary, /^## Released\n\nNothing has changed: every tag serves the same digest/);
    for (const [language, digest] of Object.entries(before66)) {
      const reference = `${flow.registry}/spacelift/runner-pulumi-${language}:latest`;
      assert.ok(summary.includes(`| ${language} | ${reference} | ${digest}`), summary);
    }
  });

  it("refuses latest-vX.Y.Z if a higher one was pushed", async () => {
    await flow.push("latest-v3.64.0");
    await refuses(
      /latest-v3\.64\.0 is superseded by latest-v3\.66\.0, and latest is never downgraded\. .*add "3\.66\.0" with the reason to images\/with/,
    );
    assert.deepEqual(await flow.served("prod", "latest"), before66);
  });

  it("rolls latest back if the higher version is withdrawn, even at a commit before that", async () => {
    const list = JSON.stringify({ "3.66.0": "a test rolls it back" });
    await flow.repository.commit("Withdraw Pulumi 3.66.0", { "images/withdrawn.json": list });
    await flow.pushAt("latest-v3.64.0", start);
    const [run] = await succeeds(["latest-v3.64.0"]);
    says(run?.log ?? "", /withdrawn\.json +replaced by main's list/);
    assert.deepEqual(await flow.served("prod", "latest"), before64);
    assert.deepEqual(await flow.served("prod", "v3.66.0"), before66);
  });

  it("refuses a withdrawn version in every form, at every commit", async () => {
    for (const tag of ["dev-v3.66.0", "v3.66.0", "latest-v3.66.0"]) {
      await flow.pushAt(tag, start);
      await refuses(/Pulumi 3\.66\.0 is withdrawn \(a test rolls it back\), so it is not released\./);
    }
    assert.deepEqual(await flow.served("prod", "latest"), before64);
    assert.deepEqual(await flow.served("dev", "dev-v3.66.0"), {});
  });

  it("releases new content under the same tag if a Dockerfile has changed, in whatever order the runs start", async () => {
    await flow.push("v3.64.0");
    await flow.repository.commit(
      "Change javascript",
      flow.editDockerfile("javascript", /^(FROM \S+ AS runner)$/m, "$1\nENV CHANGED=yes"),
    );
    await flow.push("v3.64.0");
    const [later, earlier] = await succeeds(["v3.64.0", "v3.64.0"], "last in, first out");
    assert.match(later?.summary ?? "", /\| javascript \|.*\| moved \|/);
    const left = /v3\.64\.0 +now at [0-9a-f]{40}, this run is for .*: the run of the later push releases it/;
    says(earlier?.log ?? "", left);
    assert.equal(earlier?.summary, "");
    const { javascript, ...others } = await flow.served("prod", "v3.64.0");
    const { javascript: old, ...same } = before64;
    assert.notEqual(javascript, old);
    assert.deepEqual(others, same);
    // Also what has no tag any more.
    for (const [language, digest] of Object.entries(before64)) {
      assert.ok((await flow.client("prod", language).manifest(digest)) !== undefined, language);
    }
  });

  it("releases a tag by main's workflow if the one of its own commit is broken", async () => {
    const file = ".github/workflows/release.yml";
    const text = flow.read(file);
    const broken = text.replace("run: make release", "run: make no-such-target");
    await flow.repository.commit("Break the workflow", { [file]: broken });
    await flow.push("dev-v3.64.0");
    await refuses(/No rule to make target .no-such-target/);
    await flow.repository.commit("Fix the workflow", { [file]: text });
    await flow.actions.dispatch("dev-v3.64.0");
    await succeeds(["dev-v3.64.0"]);
    assert.deepEqual(await flow.served("dev", "dev-v3.64.0"), await flow.served("prod", "v3.64.0"));
  });

  const hostile = [
    "v3.64.0 v3.66.0",
    "v3.64.0; touch hacked",
    "$(touch hacked)",
    "v3.64.0$(touch hacked)",
    "`touch hacked`",
    "v3.64.0\ntag=latest",
    "v3.64.0\n",
    "--help",
    "v03.64.0",
    "v３.64.0",
    `v${"1".repeat(300)}.0.0`,
    "refs/tags/v3.64.0",
    "",
    // Not in the repository.
    "v3.66.1",
  ];
  for (const tag of hostile) {
    it(`refuses a dispatch of ${JSON.stringify(tag.slice(0, 40))} before it reaches a shell, config, state or registry`, async () => {
      const state = () => readFileSync(join(flow.place.folder, "state/.pulumi/stacks/runner-pulumi/prod.json"), "utf8");
      const before = [state(), await flow.listing()];
      await flow.actions.dispatch(tag);
      const sentence = /is not a release tag\. Use dev-vX\.Y\.Z, vX\.Y\.Z or latest-vX\.Y\.Z, such|Missing TAG\./;
      const unknown = /The repository has no tag v3\.66\.1\. Push it: that releases it\./;
      const { title, workspace } = await refuses(tag === "v3.66.1" ? unknown : sentence);
      assert.ok(title.includes(tag));
      // It would name a file that the tag's commands create.
      assert.equal(await git(workspace, "status", "--porcelain"), "");
      assert.deepEqual([state(), await flow.listing()], before);
    });
  }

  it("runs nothing for other tags, and reports what is wrong with one that looks like a release tag", async () => {
    assert.deepEqual(await flow.release("release-1"), []);
    await flow.push("v3.66");
    await refuses(/Tag "v3\.66" is not a release tag\./);
  });

  it("has one queue per stack", async () => {
    await flow.push("dev-v3.64.0", "v3.64.0", "latest-v3.64.0");
    const groups = flow.actions.queue.map(({ group }) => group);
    assert.deepEqual(groups, ["release-dev", "release-prod", "release-prod"]);
    flow.actions.queue.length = 0;
  });
});
