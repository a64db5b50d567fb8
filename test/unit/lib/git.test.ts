import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { ExecaError } from "execa";

import { Fault } from "../../../lib/errors";
import { Clone } from "../../../lib/git";
import { git } from "../../helpers/scratchRepository";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("a clone", () => {
  const folder = useTemporaryFolder();
  const clone = () => new Clone(folder());

  it("has no tags if the folder is not a clone", async () => assert.deepEqual(await clone().tags(), []));

  it("gets English from git in every locale, because the output is parsed", () => {
    writeFileSync(join(folder(), "git"), '#!/bin/sh\necho "$LC_ALL"\n', { mode: 0o755 });
    const path = [folder(), process.env["PATH"]].join(delimiter);
    return withEnvironment({ PATH: path, LC_ALL: "de_DE.UTF-8" }, async () =>
      assert.equal(await clone().git("--version"), "C"),
    );
  });

  it("lists the commits of the origin's tags, annotated or not", async () => {
    for (const args of [
      ["init", "--quiet"],
      ["commit", "--quiet", "--allow-empty", "--message=Start"],
      ["tag", "v3.66.0"],
      ["tag", "--annotate", "--message=Release", "v3.67.0"],
      ["remote", "add", "origin", folder()],
    ]) {
      await git(folder(), ...args);
    }
    const head = await clone().commit("HEAD");
    assert.deepEqual(Object.fromEntries(await clone().remoteTags()), { "v3.66.0": head, "v3.67.0": head });
  });

  it("removes credentials from its errors", () =>
    assert.rejects(clone().git("ls-remote", "http://user:s3cret@localhost:1/repository"), (error: unknown) => {
      assert.ok(error instanceof ExecaError);
      const shown = [error.message, error.shortMessage, error.stack, String(error.stderr)].join("\n");
      assert.match(shown, /localhost:1/);
      assert.doesNotMatch(shown, /s3cret/);
      return true;
    }));

  it("of another user is refused, with how to trust it", async () => {
    await clone().git("init", "--quiet");
    // What git's own tests set: https://github.com/git/git/blob/master/t/t0033-safe-directory.sh
    const own = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
    await withEnvironment({ GIT_TEST_ASSUME_DIFFERENT_OWNER: "1", ...own }, async () => {
      const trust = `To trust it: git config --global --add safe.directory ${folder()}`;
      for (const read of [() => clone().tags(), () => clone().commit("HEAD")]) {
        await assert.rejects(read(), (error: Error) => error instanceof Fault && error.message.endsWith(trust));
      }
    });
  });
});
