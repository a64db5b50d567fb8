import assert from "node:assert/strict";

import { bot } from "../fakes/gh/state";
import { ReleaseFlow } from "../helpers/releaseFlow";
import { says } from "../helpers/assertRun";
import { stackTrace } from "../helpers/stackTrace";

const nothing = "Merging publishes nothing: images are published when a tag is pushed.";
// Each preview asks for every language of the repository, twice: more of them would only take longer.
const languages = ["javascript", "python", "yaml"];

// One story: releases, then the reviews of proposals that are based on them.
describe("the review of a pull request", () => {
  let flow: ReleaseFlow;
  /** What the registry serves before the reviews. */
  let listing: string[];
  const others = { pullRequest: 7, author: "somebody", body: "A comment." };

  before(async () => {
    flow = await ReleaseFlow.start(["3.64.0", "3.66.0"], undefined, languages);
    // Stack prod has released latest of an older version last, after a newer one was rolled back.
    const tags = ["dev-v3.64.0", "v3.66.0", "latest-v3.64.0"];
    const ended = await flow.release(...tags);
    for (const { conclusion, log } of ended) assert.equal(conclusion, "success", log.slice(-3000));
    listing = await flow.listing();
    flow.addComment(others);
  });
  after(() => flow.stop());

  /** Lets the workflow review a change, and returns its comment, which each run edits. */
  async function review(files: Readonly<Record<string, string>>, expected = "success"): Promise<string> {
    await flow.repository.branch("proposal", files);
    const { conclusion, log } = await flow.actions.preview("proposal", 7);
    assert.equal(conclusion, expected, log.slice(-3000));
    assert.doesNotMatch(log, stackTrace);
    const [first, own, ...more] = flow.gitHub.comments;
    assert.deepEqual([first, own?.author, more], [others, bot, []]);
    return own?.body ?? "";
  }

  it("names the image that changes, with the packages and the size, and shows the change once", async () => {
    const body = await review(
      flow.editDockerfile("python", /(apt-install [^\n]*python3-setuptools)/, "$1 python3-yaml"),
    );
    for (const stack of ["dev", "prod"]) {
      const line = `**Stack ${stack}, Pulumi 3.64.0:** python changes; javascript and yaml do not. `;
      const tests = "1 smoke test passed, 2 did not need to run. ";
      assert.ok(body.includes(`${line}${tests}${nothing}\n`), body);
    }
    const row = /\| python \| (\d+\.\d) MB → (\d+\.\d) MB \| added (libyaml-0-2 \S+, )?python3-yaml \S+ \|/g;
    const rows = [...body.matchAll(row)];
    assert.equal(rows.length, 2, body);
    for (const [, before, now] of rows) assert.ok(Number(now) > Number(before), body);
    // Once for each stack, although the smoke test and the image share it.
    assert.equal(body.match(/^\+.*python3-yaml/gm)?.length, 2, body);
    assert.doesNotMatch(body, /latest|tags|:v3\./);
  });

  it("reports that nothing changes although stack prod has released another tag than the newest last", async () => {
    const body = await review({ "README.md": `${flow.read("README.md")}\nMore.\n` });
    for (const stack of ["dev", "prod"]) {
      says(body, new RegExp(`Stack ${stack}, .* No published image changes\\. No smoke test needed to run\\.`));
    }
    assert.doesNotMatch(body, /```/);
  });

  it("names an image whose inputs change and whose digest does not", async () => {
    const body = await review(flow.editDockerfile("yaml", /^(FROM \S+ AS runner)$/m, "# A comment.\n$1"));
    says(body, /No published image changes\. /);
    says(body, /Inputs of yaml change, but the digest stays the same\./);
    says(body, /\+# A comment\./);
  });

  it("stays useful without a builder to compare images with", async () => {
    const body = await review({
      ...flow.editDockerfile("yaml", /^(FROM \S+ AS runner)$/m, "$1\nENV PROPOSED=yes"),
      Makefile: flow.read("Makefile").replace("@$(cli) review", "@BUILDKIT_HOST=unix:///none.sock $(cli) review"),
    });
    says(body, /yaml changes; .* do not\. 1 smoke test passed/);
    says(body, /Packages and sizes are unknown: .*none\.sock/);
    says(body, /\+ENV PROPOSED=yes/);
  });

  it("reports first that a preview failed, and shows the end of the failed build's log", async () => {
    // The sleep is for the provider, which drops what a build prints right before it fails.
    const broken = flow.editDockerfile(
      "python",
      /^(FROM runner AS smoke)$/m,
      "$1\nRUN echo this fails && sleep 2 && exit 7",
    );
    const body = await review(broken, "failure");
    for (const stack of ["dev", "prod"]) {
      const line = `\\*\\*Stack ${stack}, .*:\\*\\* the preview of python-smoke failed, see below\\. Nothing`;
      says(body, new RegExp(line));
    }
    says(body, /\nthis fails\n.*exit code: 7/);
  });

  it("publishes nothing", async () => assert.deepEqual(await flow.listing(), listing));
});
