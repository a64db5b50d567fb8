import assert from "node:assert/strict";

import { ExecaError } from "execa";

import { Clone } from "../../../lib/git";
import { useFiles } from "../../helpers/folderOfFiles";
import { isFault } from "../../helpers/isFault";
import { git } from "../../helpers/scratchRepository";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("a clone", () => {
  const files = useFiles();
  const clone = () => new Clone(files.path());

  it("has no tags if the folder is not a clone", async () => assert.deepEqual(await clone().tags(), []));

  it("gets English from git in every locale, because the output is parsed", () => {
    const env = { ...files.writeProgram("git", 'echo "$LC_ALL"'), LC_ALL: "de_DE.UTF-8" };
    return withEnvironment(env, async () => assert.equal(await clone().git("--version"), "C"));
  });

  it("lists the commits of the origin's tags, annotated or not", async () => {
    for (const args of [
      ["init", "--quiet"],
      ["commit", "--quiet", "--allow-empty", "--message=Start"],
      ["tag", "v3.66.0"],
      ["tag", "--annotate", "--message=Release", "v3.67.0"],
      ["remote", "add", "origin", files.path()],
    ]) {
      await git(files.path(), ...args);
    }
    const head = await clone().commit("HEAD");
    assert.deepEqual(Object.fromEntries(await clone().remoteTags()), { "v3.66.0": head, "v3.67.0": head });
  });

  for (const [what, message, attempts] of [
    [
      "again if an origin fails for a moment",
      "fatal: unable to access 'https://x/': Failed to connect to x port 443",
      4,
    ],
    ["once if a repository does not exist", "remote: Repository not found.", 1],
  ] as const) {
    it(`asks ${what}`, async () => {
      const calls = files.path("calls");
      const env = files.writeProgram("git", `echo >>${calls}; echo "${message}" >&2; exit 128`);
      const patient = new Clone(files.path(), () => Promise.resolve());
      await withEnvironment(env, () => assert.rejects(patient.remoteTags(), ExecaError));
      assert.equal(files.read("calls").length, attempts);
    });
  }

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
      const trust = isFault(new RegExp(`To trust it: git config --global --add safe\\.directory ${files.path()}$`));
      for (const read of [() => clone().tags(), () => clone().commit("HEAD")]) await assert.rejects(read(), trust);
    });
  });
});
