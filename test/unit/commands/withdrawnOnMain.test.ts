import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";

import { checkOutWithdrawn, readWithdrawnOnMain } from "../../../commands/withdrawnOnMain";
import { Fault } from "../../../lib/errors";
import { Clone } from "../../../lib/git";
import { git } from "../../helpers/scratchRepository";

const file = "images/withdrawn.json";

describe("the withdrawn versions of main", () => {
  let folder: string;
  let clone: Clone;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "withdrawn-"));
    clone = new Clone(folder);
    await git(folder, "init", "--quiet");
    mkdirSync(join(folder, "images"));
  });
  afterEach(() => {
    mock.restoreAll();
    rmSync(folder, { recursive: true });
  });

  /** Commits a list. */
  async function commit(text: string): Promise<void> {
    writeFileSync(join(folder, file), text);
    await git(folder, "add", ".");
    await git(folder, "commit", "--quiet", "--message=Start");
  }

  /** Reads the versions from a clone whose origin/main has this list. */
  async function readFrom(text: string) {
    await commit(text);
    await git(folder, "update-ref", "refs/remotes/origin/main", "HEAD");
    return readWithdrawnOnMain(clone);
  }

  it("are read", async () => assert.deepEqual(await readFrom('{"3.66.0": "yanked"}'), { "3.66.0": "yanked" }));

  for (const [text, message] of [
    [
      '{"v3.66.0": "yanked"}',
      /^images\/withdrawn\.json of origin\/main is invalid:\n {2}- "v3\.66\.0" is not a Pulumi/,
    ],
    ["{", /^images\/withdrawn\.json of origin\/main is not JSON: /],
  ] as const) {
    it(`are refused if the list is invalid: ${text}`, () =>
      assert.rejects(readFrom(text), (error) => error instanceof Fault && message.test(error.message)));
  }

  it("are refused if the clone does not have the branch", async () => {
    await commit("{}");
    await assert.rejects(readWithdrawnOnMain(clone), (error) => {
      assert.ok(error instanceof Fault);
      assert.match(
        error.message,
        /^origin\/main has no images\/withdrawn\.json: [^]*Fetch the branch: git fetch origin main\.$/,
      );
      return true;
    });
  });

  it("replace the list of the checkout, which the program reads, and this is logged once", async () => {
    const logged = mock.method(console, "error", () => undefined);
    await commit("{}");
    for (let i = 0; i < 2; i++) await checkOutWithdrawn(clone, { "3.66.0": "yanked" });
    assert.equal(readFileSync(join(folder, file), "utf8"), '{\n  "3.66.0": "yanked"\n}\n');
    assert.equal(logged.mock.callCount(), 1);
  });

  it("do not overwrite uncommitted changes", async () => {
    await commit("{}");
    writeFileSync(join(folder, file), '{"3.64.0": "mine"}');
    await assert.rejects(checkOutWithdrawn(clone, {}), (error) => {
      assert.ok(error instanceof Fault);
      assert.match(
        error.message,
        /has uncommitted changes and would be overwritten[^]*git checkout \S+withdrawn\.json$/,
      );
      return true;
    });
    assert.equal(readFileSync(join(folder, file), "utf8"), '{"3.64.0": "mine"}');
  });
});
