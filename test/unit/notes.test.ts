import assert from "node:assert/strict";

import { openGitHub } from "../../ci/github";
import { notesFromEnvironment, publishNotes } from "../../ci/notes";
import { GitHub, outage } from "../support/github";

describe("release notes", () => {
  let gitHub: GitHub;
  before(async () => {
    gitHub = await GitHub.start("of the workflow");
  });
  after(() => gitHub.stop());

  const publish = (body: string) => {
    const octokit = openGitHub({ url: gitHub.url, token: "of the workflow", pause: 10 });
    return publishNotes(octokit, "owner/runner-pulumi", "v3.66.0", body);
  };

  it("are written once, and written again by a release that is run again", async () => {
    for (const body of ["first", "second"]) {
      await publish(body);
      assert.deepEqual([...gitHub.notes], [["v3.66.0", { id: 1, body }]]);
    }
  });

  it("are not taken for missing where GitHub fails", async () => {
    gitHub.troubles.push(outage(), outage(), outage());
    await assert.rejects(publish("third"), /answers 502/);
    assert.equal(gitHub.notes.size, 1);
  });

  it("come as JSON, and nothing else is taken for some", () => {
    assert.deepEqual(notesFromEnvironment({ TAG: "v3.66.0", NOTES: '"a\\nb"' }), { tag: "v3.66.0", body: "a\nb" });
    for (const NOTES of [undefined, "", "text", "{}"]) {
      assert.throws(() => notesFromEnvironment({ TAG: "v3.66.0", NOTES }), /are no release notes\. Give both\.$/);
    }
  });
});
