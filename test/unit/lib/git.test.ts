import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { ExecaError } from "execa";

import { Fault } from "../../../lib/errors";
import { Clone } from "../../../lib/git";
import { git } from "../../helpers/scratchRepository";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("git", () => {
  let folder: string;
  let clone: Clone;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "runner-pulumi-"));
    clone = new Clone(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has no tags if the folder is not a clone", async () => assert.deepEqual(await clone.tags(), []));

  it("prints English in every locale, because its output is parsed", () => {
    const program = join(folder, "git");
    writeFileSync(program, '#!/bin/sh\necho "$LC_ALL"\n');
    chmodSync(program, 0o755);
    const path = [folder, process.env["PATH"]].join(delimiter);
    return withEnvironment({ PATH: path, LC_ALL: "de_DE.UTF-8" }, async () =>
      assert.equal(await clone.git("--version"), "C"),
    );
  });

  it("lists the commits of the origin's tags, annotated or not", async () => {
    await git(folder, "init", "--quiet");
    await git(folder, "commit", "--quiet", "--allow-empty", "--message=Start");
    await git(folder, "tag", "v3.66.0");
    await git(folder, "tag", "--annotate", "--message=Release", "v3.67.0");
    await git(folder, "remote", "add", "origin", folder);
    const head = await clone.commit("HEAD");
    assert.deepEqual(Object.fromEntries(await clone.remoteTags()), { "v3.66.0": head, "v3.67.0": head });
  });

  it("removes credentials from its errors", async () => {
    await clone.git("init", "--quiet");
    await clone.git("remote", "add", "origin", "http://user:s3cret@localhost:1/repository");
    await assert.rejects(clone.git("ls-remote", "http://user:s3cret@localhost:1/repository"), (error: unknown) => {
      assert.ok(error instanceof ExecaError);
      const shown = [error.message, error.shortMessage, error.stack, String(error.stderr)].join("\n");
      assert.match(shown, /localhost:1/);
      assert.doesNotMatch(shown, /s3cret/);
      return true;
    });
  });

  it("reports how to trust a clone of another user", async () => {
    await clone.git("init", "--quiet");
    // What git's own tests set: https://github.com/git/git/blob/master/t/t0033-safe-directory.sh
    const otherUser = {
      GIT_TEST_ASSUME_DIFFERENT_OWNER: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
    };
    await withEnvironment(otherUser, async () => {
      const trust = `To trust it: git config --global --add safe.directory ${folder}`;
      for (const read of [() => clone.tags(), () => clone.commit("HEAD")]) {
        await assert.rejects(read(), (error: Error) => error instanceof Fault && error.message.endsWith(trust));
      }
    });
  });
});
