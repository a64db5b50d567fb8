import assert from "node:assert/strict";

import { openGitHub } from "../../../lib/github";
import { notesFromEnvironment, publishNotes } from "../../../commands/notes";
import { GitHub, outage } from "../../fakes/github";

describe("release notes", () => {
  let gitHub: GitHub;
  before(async () => {
    gitHub = await GitHub.start("of the workflow");
  });
  after(() => gitHub.stop());

  /** Which release GitHub was asked to call its latest, request by request. */
  const latest: unknown[] = [];

  const publish = (body: string) => {
    const octokit = openGitHub({ url: gitHub.url, token: "of the workflow", pause: 10 });
    octokit.hook.before("request", ({ method, make_latest }) => {
      if (method !== "GET") latest.push(make_latest);
    });
    return publishNotes(octokit, "owner/runner-pulumi", "v3.66.0", body);
  };

  it("are written once, and written again by a release that is run again", async () => {
    for (const body of ["first", "second"]) {
      await publish(body);
      assert.deepEqual(gitHub.notes, [{ id: 1, tag_name: "v3.66.0", body, draft: false }]);
    }
    assert.deepEqual(latest, ["legacy", "legacy"]);
  });

  it("are public again where the tag was deleted and pushed again, however many came since", async () => {
    const [notes] = gitHub.notes;
    assert.ok(notes !== undefined);
    // What GitHub makes of the notes of a tag that is deleted.
    notes.draft = true;
    const later = [...Array(120).keys()].map((id) => ({
      id: 1000 + id,
      tag_name: `v4.${id}.0`,
      body: "",
      draft: false,
    }));
    gitHub.notes.unshift(...later);
    await publish("again");
    assert.deepEqual(gitHub.notes.splice(0, later.length), later);
    assert.deepEqual(gitHub.notes, [{ id: 1, tag_name: "v3.66.0", body: "again", draft: false }]);
  });

  it("are not taken for missing where GitHub fails", async () => {
    gitHub.troubles.push(outage(), outage(), outage());
    await assert.rejects(publish("third"), /answers 502/);
    assert.equal(gitHub.notes.length, 1);
  });

  it("come as JSON, and nothing else is taken for some", () => {
    assert.deepEqual(notesFromEnvironment({ TAG: "v3.66.0", NOTES: '"a\\nb"' }), { tag: "v3.66.0", body: "a\nb" });
    for (const NOTES of [undefined, "", "text", "{}"]) {
      assert.throws(() => notesFromEnvironment({ TAG: "v3.66.0", NOTES }), /are no release notes\. Give both\.$/);
    }
  });
});
