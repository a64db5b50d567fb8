import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type Subject, listPublished } from "../../commands/listPublished";
import { stackTarget } from "../../commands/stackTarget";
import { catalogue } from "../../images/catalogue";
import { Clone } from "../../lib/git";
import { bot } from "../fakes/gh/state";
import type { Ended } from "../fakes/githubActions/workflows";
import { dockerfilePath } from "../helpers/programCopy";
import { ReleaseFlow } from "../helpers/releaseFlow";
import { git } from "../helpers/scratchRepository";
import { says } from "../helpers/says";
import { stackTrace } from "../helpers/stackTrace";
import { withEnvironment } from "../helpers/withEnvironment";

const withdrawn = "images/withdrawn.json";

// One story: each test starts from the repository, the registry and the state that the previous one leaves.
describe("release by a pushed tag", () => {
  let flow: ReleaseFlow;
  /** The first commit of main. */
  let start: string;
  let before64: Record<string, string>;
  let before66: Record<string, string>;

  before(async () => {
    flow = await ReleaseFlow.start(["3.64.0", "3.66.0"]);
    start = await flow.repository.git("rev-parse", "HEAD");
  });
  after(() => flow.stop());

  function succeeded(ended: readonly Ended[], titles: readonly string[]): void {
    for (const { title, conclusion, log } of ended)
      assert.equal(conclusion, "success", `${title}\n${log.slice(-3000)}`);
    assert.deepEqual(
      ended.map(({ title }) => title),
      titles,
    );
  }

  function refused([run, ...others]: readonly Ended[], sentence: RegExp): void {
    assert.equal(others.length, 0);
    assert.equal(run?.conclusion, "failure", run?.log);
    says(run.log, sentence);
    assert.doesNotMatch(run.log, stackTrace);
    assert.equal(run.summary, "");
  }

  it("releases dev-vX.Y.Z on stack dev, and nothing on stack prod", async () => {
    const [run, ...others] = await flow.release("dev-v3.64.0");
    succeeded([run, ...others] as Ended[], ["Release dev-v3.64.0"]);
    says(run?.log ?? "", /dev +Pulumi 3\.64\.0, image tag dev-v3\.64\.0/);
    before64 = await flow.served("dev", "dev-v3.64.0");
    assert.deepEqual(
      Object.keys(before64),
      catalogue.map(({ name }) => name),
    );
    assert.deepEqual(await flow.client("prod", "javascript").tags(), []);
  });

  it("sets outputs for attestations and scans: each image's index, and the image of each platform", async () => {
    const [run] = await flow.release("dev-v3.64.0");
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
    const file = join(flow.place.folder, "outputs");
    const dev = stackTarget("dev", new Clone(flow.repository.clone));
    await withEnvironment({ GITHUB_OUTPUT: file }, () => listPublished(dev, "dev-v3.64.0"));
    const targets = JSON.parse(readFileSync(file, "utf8").replace("targets=", "")) as {
      name: string;
      reference: string;
    }[];
    const expected = subjects.flatMap(({ language, repository, platforms }) =>
      Object.entries(platforms).map(([platform, digest]) => ({
        name: `${language}-${platform}`,
        reference: `${repository}@${digest}`,
      })),
    );
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    assert.deepEqual(targets.sort(byName), expected.sort(byName));
  });

  it("releases vX.Y.Z and latest-vX.Y.Z on stack prod, with the digests of dev", async () => {
    succeeded(await flow.release("v3.64.0", "latest-v3.64.0"), ["Release v3.64.0", "Release latest-v3.64.0"]);
    for (const tag of ["v3.64.0", "latest"]) assert.deepEqual(await flow.served("prod", tag), before64);
  });

  it("releases the next version, and leaves the tags of the previous one", async () => {
    succeeded(await flow.release("v3.66.0", "latest-v3.66.0"), ["Release v3.66.0", "Release latest-v3.66.0"]);
    before66 = await flow.served("prod", "v3.66.0");
    assert.notDeepEqual(before66, before64);
    assert.deepEqual(await flow.served("prod", "latest"), before66);
    assert.deepEqual(await flow.served("prod", "v3.64.0"), before64);
  });

  it("publishes the inventory of each vX.Y.Z as release notes, and of no other tag", () => {
    const { releases } = flow.gitHub;
    assert.deepEqual(
      releases.map(({ tagName, title, isDraft, isLatest }) => ({ tagName, title, isDraft, isLatest })),
      [
        { tagName: "v3.66.0", title: "v3.66.0", isDraft: false, isLatest: true },
        { tagName: "v3.64.0", title: "v3.64.0", isDraft: false, isLatest: false },
      ],
    );
    for (const { tagName, body } of releases)
      says(body, new RegExp(`\\b${tagName.slice(1).replaceAll(".", "\\.")}\\b`));
  });

  it("pushes nothing if nothing has changed, and reports that in the summary", async () => {
    const [run] = await flow.release("latest-v3.66.0");
    says(run?.log ?? "", /Resources:\n +\d+ unchanged\n/);
    assert.match(run?.summary ?? "", /^## Released\n\nNothing has changed: every tag serves the same digest/);
    for (const [language, digest] of Object.entries(before66)) {
      assert.ok(
        run?.summary.includes(
          `| ${language} | ${flow.registry}/spacelift/runner-pulumi-${language}:latest | ${digest}`,
        ),
      );
    }
  });

  it("publishes the notes of a version again if its tag was deleted and pushed again", async () => {
    const [before] = flow.gitHub.releases.filter(({ tagName }) => tagName === "v3.64.0");
    await flow.push("v3.64.0");
    const drafted = flow.gitHub.releases.find(({ tagName }) => tagName === "v3.64.0");
    assert.deepEqual(drafted, { ...before, isDraft: true });
    succeeded(await flow.actions.drain(), ["Release v3.64.0"]);
    const { releases } = flow.gitHub;
    assert.deepEqual(
      releases.map(({ tagName, isDraft, isLatest }) => ({ tagName, isDraft, isLatest })),
      [
        { tagName: "v3.64.0", isDraft: false, isLatest: false },
        { tagName: "v3.66.0", isDraft: false, isLatest: true },
      ],
    );
  });

  it("refuses latest-vX.Y.Z if a higher one was pushed", async () => {
    const ended = await flow.release("latest-v3.64.0");
    refused(
      ended,
      /latest-v3\.64\.0 is superseded by latest-v3\.66\.0, and latest is never downgraded\. .*add "3\.66\.0" with the reason to images\/with/,
    );
    assert.deepEqual(await flow.served("prod", "latest"), before66);
  });

  it("rolls latest back if the higher version is withdrawn, even at a commit before that", async () => {
    const list = JSON.stringify({ "3.66.0": "a test rolls it back" }, null, 2) + "\n";
    await flow.repository.commit("Withdraw Pulumi 3.66.0", { [withdrawn]: list });
    await flow.pushAt("latest-v3.64.0", start);
    const ended = await flow.actions.drain();
    succeeded(ended, ["Release latest-v3.64.0"]);
    says(ended[0]?.log ?? "", /withdrawn\.json +replaced by main's list/);
    assert.deepEqual(await flow.served("prod", "latest"), before64);
    assert.deepEqual(await flow.served("prod", "v3.66.0"), before66);
  });

  it("refuses a withdrawn version in every form, at every commit", async () => {
    for (const tag of ["dev-v3.66.0", "v3.66.0", "latest-v3.66.0"]) {
      await flow.pushAt(tag, start);
      refused(
        await flow.actions.drain(),
        /Pulumi 3\.66\.0 is withdrawn \(a test rolls it back\), so it is not released\./,
      );
    }
    assert.deepEqual(await flow.served("prod", "latest"), before64);
    assert.deepEqual(await flow.served("dev", "dev-v3.66.0"), {});
  });

  it("releases new content under the same tag if a Dockerfile has changed, in whatever order the runs start", async () => {
    await flow.push("v3.64.0");
    const file = dockerfilePath("javascript");
    const text = readFileSync(join(flow.repository.clone, file), "utf8");
    const changed = text.replace(/^(FROM \S+ AS runner)$/m, "$1\nENV CHANGED=yes");
    assert.notEqual(changed, text);
    await flow.repository.commit("Change the image of javascript", { [file]: changed });
    await flow.push("v3.64.0");
    const [later, earlier] = await flow.actions.drain("last in, first out");
    succeeded([later, earlier] as Ended[], ["Release v3.64.0", "Release v3.64.0"]);
    assert.match(later?.summary ?? "", /\| javascript \|.*\| moved \|/);
    says(
      earlier?.log ?? "",
      /v3\.64\.0 +now at [0-9a-f]{40}, this run is for .*: the run of the later push releases it/,
    );
    assert.equal(earlier?.summary, "");
    const { javascript, ...others } = await flow.served("prod", "v3.64.0");
    const { javascript: old, ...same } = before64;
    assert.notEqual(javascript, old);
    assert.deepEqual(others, same);
  });

  it("serves every digest that was ever released, also those without a tag", async () => {
    for (const [language, digest] of Object.entries({ ...before64 })) {
      assert.ok((await flow.client("prod", language).manifest(digest)) !== undefined, language);
    }
  });

  it("releases a tag by main's workflow if the one of its own commit is broken", async () => {
    const text = readFileSync(join(flow.repository.clone, ".github/workflows/release.yml"), "utf8");
    const broken = text.replace("run: make release", "run: make no-such-target");
    await flow.repository.commit("Break the workflow", { ".github/workflows/release.yml": broken });
    refused(await flow.release("dev-v3.64.0"), /No rule to make target .no-such-target/);
    await flow.repository.commit("Fix the workflow", { ".github/workflows/release.yml": text });
    await flow.actions.dispatch("dev-v3.64.0");
    succeeded(await flow.actions.drain(), ["Release dev-v3.64.0"]);
    assert.deepEqual(await flow.served("dev", "dev-v3.64.0"), await flow.served("prod", "v3.64.0"));
  });

  it("keeps one comment on a pull request with the reviews of both stacks, and leaves those of others", async () => {
    const file = dockerfilePath("python");
    const text = readFileSync(join(flow.repository.clone, file), "utf8");
    const others = { pullRequest: 7, author: "somebody", body: "A comment." };
    flow.addComment(others);
    const before = await flow.listing();
    for (const value of ["first", "second"]) {
      const changed = text.replace(/^(FROM \S+ AS runner)$/m, `$1\nENV PROPOSED=${value}`);
      await flow.repository.branch("proposal", { [file]: changed });
      const { conclusion, log } = await flow.actions.preview("proposal", 7);
      assert.equal(conclusion, "success", log.slice(-3000));
      const [first, comment, ...more] = flow.gitHub.comments;
      assert.deepEqual([first, comment?.author, more.length], [others, bot, 0]);
      for (const stack of ["dev", "prod"]) says(comment?.body ?? "", new RegExp(`Stack ${stack}, Pulumi 3\\.64\\.0`));
      says(comment?.body ?? "", new RegExp(`\\+ *ENV PROPOSED=${value}`));
    }
    assert.deepEqual(await flow.listing(), before);
  });

  it("reports in the comment that a stack has no review", async () => {
    const makefile = readFileSync(join(flow.repository.clone, "Makefile"), "utf8");
    await flow.repository.branch("proposal", { Makefile: makefile.replace("@$(cli) review", "@false") });
    const { conclusion } = await flow.actions.preview("proposal", 8);
    assert.equal(conclusion, "failure");
    assert.deepEqual(flow.gitHub.comments.slice(2), [
      {
        pullRequest: 8,
        author: bot,
        body: ["dev", "prod"].map((stack) => `**Stack ${stack}:** no review. See the log of this run.\n\n`).join(""),
      },
    ]);
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
  ];
  for (const tag of hostile) {
    it(`refuses a dispatch of ${JSON.stringify(tag.slice(0, 40))} before it reaches a shell, config, state or registry`, async () => {
      const state = () => readFileSync(join(flow.place.folder, "state/.pulumi/stacks/runner-pulumi/prod.json"), "utf8");
      const before = [state(), await flow.listing()];
      await flow.actions.dispatch(tag);
      const [{ title } = { title: "" }] = flow.actions.queue;
      const [run] = await flow.actions.drain();
      assert.equal(run?.conclusion, "failure", run?.log);
      says(run.log, /is not a release tag\. Use dev-vX\.Y\.Z, vX\.Y\.Z or latest-vX\.Y\.Z, such|Missing TAG\./);
      if (tag !== "") assert.ok(title.includes(tag));
      const { workspace } = run;
      assert.equal(existsSync(join(workspace, "hacked")), false);
      assert.equal(await git(workspace, "status", "--porcelain"), "");
      assert.deepEqual([state(), await flow.listing()], before);
    });
  }

  it("refuses a dispatch of a tag that is not in the repository", async () => {
    await flow.actions.dispatch("v3.66.1");
    refused(await flow.actions.drain(), /The repository has no tag v3\.66\.1\. Push it: that releases it\./);
  });

  it("runs nothing for other tags, and reports what is wrong with one that looks like a release tag", async () => {
    assert.deepEqual(await flow.release("release-1"), []);
    refused(await flow.release("v3.66"), /Tag "v3\.66" is not a release tag\./);
  });

  it("has one queue per stack", async () => {
    await flow.push("dev-v3.64.0", "v3.64.0", "latest-v3.64.0");
    assert.deepEqual(
      flow.actions.queue.map(({ group }) => group),
      ["release-dev", "release-prod", "release-prod"],
    );
    flow.actions.queue.length = 0;
  });
});
