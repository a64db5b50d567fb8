import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Fault } from "../../../lib/errors";
import { Clone } from "../../../lib/git";
import { parseWithdrawn, withdrawal } from "../../../images/withdrawals";
import { git } from "../../helpers/scratchRepository";

describe("the withdrawn versions", () => {
  const parse = (text: string) => parseWithdrawn(text, "withdrawn.json");

  it("are read with their reasons", () => {
    assert.deepEqual(parse("{}"), {});
    assert.deepEqual(parse('{"3.66.0": "yanked"}'), { "3.66.0": "yanked" });
  });

  it("are refused with every fault that there is", () =>
    assert.throws(() => parse('{"v3.66.0": "yanked", "3.65.0": " ", "3.64": null, "3.63.0": "crashes"}'), {
      message: [
        "withdrawn.json cannot be used:",
        '  - "v3.66.0" is not a version of Pulumi. Give X.Y.Z, such as 3.66.0.',
        '  - The reason of "3.65.0" is " ". Say in words why it is withdrawn.',
        '  - "3.64" is not a version of Pulumi. Give X.Y.Z, such as 3.66.0.',
        '  - The reason of "3.64" is null. Say in words why it is withdrawn.',
      ].join("\n"),
    }));

  for (const text of ['["3.66.0"]', "null", '"3.66.0"']) {
    it(`are not ${text}`, () =>
      assert.throws(() => parse(text), /does not map versions to reasons\. Give \{"X\.Y\.Z"/));
  }

  it("are JSON", () =>
    assert.throws(() => parse('{"3.66.0": }'), /^Error: withdrawn\.json is not JSON: .*\. Mend it; .* is \{\}\.$/));

  it("are none of the names that every object has", () => assert.equal(withdrawal("constructor", {}), undefined));

  describe("of main", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "withdrawn-"))));
    afterEach(() => rmSync(folder, { recursive: true }));

    /** Reads them from a clone whose origin/main has this list. */
    async function onMain(text: string) {
      await git(folder, "init", "--quiet");
      mkdirSync(join(folder, "images"));
      writeFileSync(join(folder, "images", "withdrawn.json"), text);
      await git(folder, "add", ".");
      await git(folder, "commit", "--quiet", "--message=Start");
      await git(folder, "update-ref", "refs/remotes/origin/main", "HEAD");
      return new Clone(folder).withdrawnOnMain();
    }

    it("are read", async () => assert.deepEqual(await onMain('{"3.66.0": "yanked"}'), { "3.66.0": "yanked" }));

    for (const [text, message] of [
      ['{"v3.66.0": "yanked"}', /^images\/withdrawn\.json of origin\/main cannot be used:\n {2}- "v3\.66\.0" is not/],
      ["{", /^images\/withdrawn\.json of origin\/main is not JSON: /],
    ] as const) {
      it(`are refused where they cannot be used: ${text}`, () =>
        assert.rejects(onMain(text), (error) => error instanceof Fault && message.test(error.message)));
    }
  });
});
