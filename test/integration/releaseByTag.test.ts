import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type Subject, listPublished } from "../../commands/publishedImages";
import { catalogue } from "../../images/catalogue";
import type { Ended } from "../fakes/githubActions/workflows";
import { GitHub } from "../fakes/github";
import { ReleaseFlow } from "../helpers/releaseFlow";
import { git } from "../helpers/scratchRepository";
import { says } from "../helpers/says";

const withdrawn = "images/withdrawn.json";

// One story: each test starts from what the one before has left in the repository, the registry and the state.
describe("the way from a pushed tag to an image", () => {
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
    assert.equal(run.summary, "");
  }

  it("releases dev-vX.Y.Z on stack dev, and nothing on stack prod", async () => {
    const [run, ...others] = await flow.release("dev-v3.64.0");
    succeeded([run, ...others] as Ended[], ["Release dev-v3.64.0"]);
    says(run?.log ?? "", /dev-v3\.64\.0 +Pulumi 3\.64\.0 on stack dev, image tag dev-v3\.64\.0/);
    before64 = await flow.served("dev", "dev-v3.64.0");
    assert.deepEqual(
      Object.keys(before64),
      catalogue.map(({ name }) => name),
    );
    assert.deepEqual(await flow.client("prod", "javascript").tags(), []);
  });

  it("names what is to be attested and scanned: each image's index, and the image of each platform", async () => {
    const [run] = await flow.release("dev-v3.64.0");
    const subjects = JSON.parse(run?.outputs["release"]?.["images"] ?? "[]") as Subject[];
    assert.deepEqual(Object.fromEntries(subjects.map(({ language, digest }) => [language, digest])), before64);
    for (const { language, repository, platforms } of subjects) {
      assert.equal(repository, flow.client("dev", language).repository);
      assert.deepEqual(Object.keys(platforms), flow.place.environment.platforms);
      for (const digest of Object.values(platforms)) {
        assert.ok(((await flow.client("dev", language).manifest(digest))?.layers ?? []).length > 0, language);
      }
    }
    const file = join(flow.place.folder, "outputs");
    process.env["GITHUB_OUTPUT"] = file;
    await listPublished("dev", "dev-v3.64.0", flow.repository.clone).finally(() => delete process.env["GITHUB_OUTPUT"]);
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
    await assert.rejects(listPublished("dev", "dev-v9.9.9", flow.repository.clone), {
      message: 'Stack dev serves nothing under the tag "dev-v9.9.9". Release it first.',
    });
  });

  it("releases vX.Y.Z and latest-vX.Y.Z on stack prod, with the digest that dev has", async () => {
    succeeded(await flow.release("v3.64.0", "latest-v3.64.0"), ["Release v3.64.0", "Release latest-v3.64.0"]);
    for (const tag of ["v3.64.0", "latest"]) assert.deepEqual(await flow.served("prod", tag), before64);
  });

  it("releases the next version, and leaves the tags of the one before", async () => {
    succeeded(await flow.release("v3.66.0", "latest-v3.66.0"), ["Release v3.66.0", "Release latest-v3.66.0"]);
    before66 = await flow.served("prod", "v3.66.0");
    assert.notDeepEqual(before66, before64);
    assert.deepEqual(await flow.served("prod", "latest"), before66);
    assert.deepEqual(await flow.served("prod", "v3.64.0"), before64);
  });

  it("pushes nothing where nothing has changed, and says so in the summary", async () => {
    const [run] = await flow.release("latest-v3.66.0");
    says(run?.log ?? "", /Resources:\n +\d+ unchanged\n/);
    assert.match(run?.summary ?? "", /^## Released\n\nNothing has changed: every tag serves the digest/);
    for (const [language, digest] of Object.entries(before66)) {
      assert.ok(
        run?.summary.includes(
          `| ${language} | ${flow.registry}/spacelift/runner-pulumi-${language}:latest | ${digest}`,
        ),
      );
    }
  });

  it("refuses latest-vX.Y.Z where a higher one was pushed", async () => {
    const ended = await flow.release("latest-v3.64.0");
    refused(
      ended,
      /latest-v3\.64\.0 is superseded by latest-v3\.66\.0: .*add "3\.66\.0" with the reason to images\/with/,
    );
    assert.deepEqual(await flow.served("prod", "latest"), before66);
  });

  it("rolls latest back where the higher version is withdrawn, even at a commit that does not know of it", async () => {
    const list = JSON.stringify({ "3.66.0": "a test rolls it back" }, null, 2) + "\n";
    await flow.repository.commit("Withdraw Pulumi 3.66.0", { [withdrawn]: list });
    await flow.pushAt("latest-v3.64.0", start);
    const ended = await flow.actions.drain();
    succeeded(ended, ["Release latest-v3.64.0"]);
    says(ended[0]?.log ?? "", /withdrawn\.json +that of main/);
    assert.deepEqual(await flow.served("prod", "latest"), before64);
    assert.deepEqual(await flow.served("prod", "v3.66.0"), before66);
  });

  it("refuses a withdrawn version in every form, at every commit", async () => {
    for (const tag of ["dev-v3.66.0", "v3.66.0", "latest-v3.66.0"]) {
      await flow.pushAt(tag, start);
      refused(await flow.actions.drain(), /Pulumi 3\.66\.0 is withdrawn \(a test rolls it back\) and not released\./);
    }
    assert.deepEqual(await flow.served("prod", "latest"), before64);
    assert.deepEqual(await flow.served("dev", "dev-v3.66.0"), {});
  });

  it("releases new content under the same tag where a Dockerfile has changed, whatever the order of the runs", async () => {
    await flow.push("v3.64.0");
    const file = "dockerfiles/javascript.Dockerfile";
    const text = readFileSync(join(flow.repository.clone, file), "utf8");
    const changed = text.replace(/^(FROM \S+ AS runner)$/m, "$1\nENV CHANGED=yes");
    assert.notEqual(changed, text);
    await flow.repository.commit("Change the image of javascript", { [file]: changed });
    await flow.push("v3.64.0");
    const [later, earlier] = await flow.actions.drain("last in, first out");
    succeeded([later, earlier] as Ended[], ["Release v3.64.0", "Release v3.64.0"]);
    assert.match(later?.summary ?? "", /\| javascript \|.*\| moved \|/);
    says(earlier?.log ?? "", /v3\.64\.0 +is at [0-9a-f]{40} now, .*: the run of the later push releases it/);
    assert.equal(earlier?.summary, "");
    const { javascript, ...others } = await flow.served("prod", "v3.64.0");
    const { javascript: old, ...same } = before64;
    assert.notEqual(javascript, old);
    assert.deepEqual(others, same);
  });

  it("serves every digest that was ever released, also those that have no tag any more", async () => {
    for (const [language, digest] of Object.entries({ ...before64 })) {
      assert.ok((await flow.client("prod", language).manifest(digest)) !== undefined, language);
    }
  });

  it("releases a tag by main's workflow where that of its own commit is broken", async () => {
    const text = readFileSync(join(flow.repository.clone, ".github/workflows/release.yml"), "utf8");
    const broken = text.replace("run: make configure", "run: make no-such-target");
    await flow.repository.commit("Break the workflow", { ".github/workflows/release.yml": broken });
    refused(await flow.release("dev-v3.64.0"), /No rule to make target .no-such-target/);
    await flow.repository.commit("Mend the workflow", { ".github/workflows/release.yml": text });
    await flow.actions.dispatch("dev-v3.64.0");
    succeeded(await flow.actions.drain(), ["Release dev-v3.64.0"]);
    assert.deepEqual(await flow.served("dev", "dev-v3.64.0"), await flow.served("prod", "v3.64.0"));
  });

  it("shows in one comment of a pull request what it would change on both stacks, without the builds' logs", async () => {
    const gitHub = await GitHub.start("of the workflow");
    gitHub.comments.push({ id: 1, body: "Somebody says something." });
    const file = "dockerfiles/python.Dockerfile";
    const text = readFileSync(join(flow.repository.clone, file), "utf8");
    const before = await flow.listing();
    for (const value of ["first", "second"]) {
      const changed = text.replace(/^(FROM \S+ AS runner)$/m, `$1\nENV PROPOSED=${value}`);
      await flow.repository.branch("proposal", { [file]: changed });
      const { conclusion, log } = await flow.actions.preview("proposal", 7, {
        url: gitHub.url,
        token: "of the workflow",
      });
      assert.equal(conclusion, "success", log.slice(-3000));
      const [, { body } = { body: "" }, ...others] = gitHub.comments;
      assert.equal(others.length, 0);
      says(body, /### Stack dev, `dev-v3\.64\.0`: ~ 2 to update, \d+ unchanged/);
      says(body, /### Stack prod, `v3\.64\.0`: ~ 2 to update, \d+ unchanged/);
      const change = new RegExp(`\\[python-(smoke|image)\\]\\n.*dockerfile: \\{[^}]*\\+ ENV PROPOSED=${value}\\n`, "g");
      assert.equal(body.match(change)?.length, 4, body);
      assert.doesNotMatch(body, /^#\d+ /m);
    }
    gitHub.stop();
    assert.deepEqual(await flow.listing(), before);
  });

  it("says in the comment that a preview failed, and why", async () => {
    const gitHub = await GitHub.start("of the workflow");
    const file = "dockerfiles/python.Dockerfile";
    const text = readFileSync(join(flow.repository.clone, file), "utf8");
    const broken = text.replace(/^(FROM runner AS smoke)$/m, "$1\nRUN echo this fails && exit 7");
    await flow.repository.branch("proposal", { [file]: broken });
    const { conclusion } = await flow.actions.preview("proposal", 7, { url: gitHub.url, token: "of the workflow" });
    gitHub.stop();
    assert.equal(conclusion, "failure");
    for (const stack of ["dev", "prod"]) {
      says(gitHub.comments[0]?.body ?? "", new RegExp(`### Stack ${stack}, \\S+: the preview failed`));
    }
    says(gitHub.comments[0]?.body ?? "", /exit code: 7/);
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
    it(`lets a dispatch of ${JSON.stringify(tag.slice(0, 40))} reach no shell, config, state or registry`, async () => {
      const state = () => readFileSync(join(flow.place.folder, "state/.pulumi/stacks/runner-pulumi/prod.json"), "utf8");
      const before = [state(), await flow.listing()];
      await flow.actions.dispatch(tag);
      const [{ title } = { title: "" }] = flow.actions.queue;
      const [run] = await flow.actions.drain();
      assert.equal(run?.conclusion, "failure", run?.log);
      says(run.log, /is not a release tag\. Push dev-vX\.Y\.Z, vX\.Y\.Z or latest-vX\.Y\.Z\.|TAG is not given/);
      if (tag !== "") assert.ok(title.includes(tag));
      const { workspace } = run;
      assert.equal(existsSync(join(workspace, "hacked")), false);
      assert.equal(await git(workspace, "status", "--porcelain"), "");
      assert.deepEqual([state(), await flow.listing()], before);
    });
  }

  it("refuses a dispatch of a tag that is not in the repository", async () => {
    await flow.actions.dispatch("v3.66.1");
    refused(await flow.actions.drain(), /There is no tag v3\.66\.1 in the repository\. Push it: that releases it\./);
  });

  it("runs nothing for a tag that is of another kind, and says of one that looks like a release what is wrong", async () => {
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
