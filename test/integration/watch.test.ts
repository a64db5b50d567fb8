import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";

import { Fault } from "../../lib/errors";
import { Clone } from "../../lib/git";
import { GitHubFault, openGitHub } from "../../lib/github";
import { type WatchOptions, watch, watchFromEnvironment } from "../../commands/watch/watch";
import type { WatchReport } from "../../commands/watch/report";
import { versionLabel } from "../../images/latest";
import { requireRelease } from "../../images/gitTag";
import { stopDaemon } from "../../local/native/daemon";
import { inFolder } from "../../local/folder";
import { portOf } from "../../local/native/ports";
import { startRegistry } from "../../local/native/registry";
import { ensureBuilderTools } from "../../local/native/builderTools";
import { GitHub, type Trouble, outage, primaryLimit, secondaryLimit } from "../fakes/github";
import { type Answer, serve } from "../helpers/http";
import { pushImage } from "../helpers/pushImage";
import { ScratchRepository, git } from "../helpers/scratchRepository";

const token = "ghs_secret";
const firstVersion = "3.259.0";

/** The watcher's own git, whatever the machine's settings are. */
const gitSettings = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };

const machine = { ...process.env };

/** Sets environment variables of this process. */
function set(variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables);
}

/** Sets them back to what they were. */
function unset(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(variables)) {
    const before = machine[name];
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

describe("the watcher", () => {
  let folder: string;
  let registry: string;
  let gitHub: GitHub;
  let mirror: { url: string; server: Server };
  /** What the mirror of Pulumi's releases has. */
  let files: Record<string, Answer>;

  // Of one test.
  let place: string;
  let repository: ScratchRepository;
  /** The address that the stack prod of the repository publishes to. */
  let prod: string;
  let head: string;
  /** What the last run printed. */
  let output: string;

  before(async () => {
    set(gitSettings);
    mkdirSync(inFolder("tests"), { recursive: true });
    folder = mkdtempSync(inFolder("tests", "watch-"));
    registry = await startRegistry(await ensureBuilderTools(), folder, await portOf("registry", folder));
    gitHub = await GitHub.start(token);
    files = {};
    mirror = await serve(files);
  });
  after(async () => {
    unset(gitSettings);
    gitHub.stop();
    mirror.server.close();
    await stopDaemon("registry", folder);
    rmSync(folder, { recursive: true });
  });

  beforeEach(async () => {
    place = mkdtempSync(join(folder, "test-"));
    prod = `${registry}/${place.slice(-6).toLowerCase()}`;
    gitHub.clear();
    for (const name of Object.keys(files)) delete files[name];
    repository = await ScratchRepository.create(place);
    head = await repository.commit("A first commit", {
      "images/withdrawn.json": "{}\n",
      "dockerfiles/base.Dockerfile": "",
      "dockerfiles/golang.Dockerfile": "",
      "dockerfiles/javascript.Dockerfile": "",
      "dockerfiles/context/.dockerignore": "",
      "Pulumi.prod.yaml": `config:\n  runner-pulumi:registry: ${prod}\n`,
      "Pulumi.dev.yaml": `config:\n  runner-pulumi:registry: ${prod}/dev\n`,
      "Pulumi.yaml": `config:\n  pulumiReleases:\n    default: ${mirror.url}\n  signatures:\n    default: "off"\n`,
      "ci/watch/watched.json": JSON.stringify({ repository: "pulumi/pulumi", firstVersion }),
    });
    // Git's own record of what arrives in one push.
    hook("post-receive", "{ echo push; cat; } >> pushes");
  });

  /** Puts a hook into the bare repository. */
  function hook(name: string, script: string): void {
    writeFileSync(join(repository.remote, "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Pulumi publishes versions: the newest first on GitHub, as it lists them, and their files. */
  function publish(...versions: string[]): void {
    for (const version of versions) {
      announce(version);
      upload(version);
    }
  }

  function announce(version: string): void {
    gitHub.releases.unshift({ tag_name: `v${version}` });
  }

  function upload(version: string): void {
    const archives = ["x64", "arm64"].map((arch) => `pulumi-v${version}-linux-${arch}.tar.gz`);
    for (const archive of archives) files[`/${archive}`] = "an archive";
    files[`/pulumi-${version}-checksums.txt`] = archives.map((name) => `${"a".repeat(64)}  ${name}\n`).join("");
  }

  /** The images that a release of a tag would leave in the registry. */
  async function release(tag: string, languages = ["golang", "javascript"]): Promise<void> {
    const { stack, pulumiVersion, tag: image } = requireRelease(tag);
    for (const language of languages) {
      const uri = `${stack === "prod" ? prod : `${prod}/dev`}/runner-pulumi-${language}`;
      await pushImage(uri, image, { [versionLabel]: pulumiVersion });
    }
  }

  /** A fresh clone, as a workflow's checkout makes it. */
  async function freshClone(): Promise<string> {
    const clone = mkdtempSync(join(place, "watcher-"));
    await git(place, "clone", "--quiet", repository.remote, clone);
    return clone;
  }

  /** Runs the watcher in a fresh clone. */
  async function run(options: Partial<WatchOptions> = {}): Promise<WatchReport> {
    const clone = options.clone ?? new Clone(await freshClone());
    rmSync(join(repository.remote, "pushes"), { force: true });
    return printing(() =>
      watch({
        clone,
        octokit: openGitHub({ url: gitHub.url, token }),
        repository: "owner/runner-pulumi",
        config: { repository: "pulumi/pulumi", firstVersion },
        pulumiReleases: mirror.url,
        signatures: "off",
        dryRun: false,
        ...options,
      }),
    );
  }

  /** Keeps what is printed. */
  async function printing<T>(work: () => Promise<T>): Promise<T> {
    const { log } = console;
    const lines: string[] = [];
    console.log = (line: string) => void lines.push(line);
    try {
      return await work();
    } finally {
      console.log = log;
      output = lines.join("\n");
    }
  }

  /** The refs that the bare repository got since the run began, push by push. */
  function pushes(): string[][] {
    const log = join(repository.remote, "pushes");
    if (!existsSync(log)) return [];
    const groups = readFileSync(log, "utf8").split("push\n").slice(1);
    return groups.map((group) => [...group.matchAll(/ refs\/tags\/(\S+)$/gm)].map(([, tag = ""]) => tag).sort());
  }

  /** The tags of the bare repository with what they point at. */
  async function tags(): Promise<Record<string, string>> {
    const lines = await git(
      repository.remote,
      "for-each-ref",
      "--format=%(refname:strip=2) %(objectname)",
      "refs/tags",
    );
    return Object.fromEntries(
      lines
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split(" ") as [string, string]),
    );
  }

  const nothing = { pushed: [], madeMeanwhile: [], waiting: {}, overdue: [], failed: [], untold: {} };
  const at = (commit: string, ...names: string[]) => Object.fromEntries(names.map((name) => [name, commit]));

  describe("tags what Pulumi releases", () => {
    it("at the head of main, in pushes of three at most, and does nothing the second time", async () => {
      publish("3.258.0", "3.259.0", "3.260.0", "3.261.0", "3.262.0");
      const clone = await freshClone();
      const newHead = await repository.commit("Main moves on after the clone", { "README.md": "new" });
      const report = await run({ clone: new Clone(clone) });
      const all = ["v3.259.0", "v3.260.0", "v3.261.0", "v3.262.0", "latest-v3.262.0"];
      assert.deepEqual(report, { ...nothing, dryRun: false, commit: newHead, pushed: all });
      assert.deepEqual(await tags(), at(newHead, ...all));
      assert.deepEqual(pushes(), [
        ["v3.259.0", "v3.260.0", "v3.261.0"],
        ["latest-v3.262.0", "v3.262.0"],
      ]);
      for (const tag of all) await release(tag);
      await repository.commit("Main moves on", { "README.md": "newer" });
      gitHub.requests.length = 0;
      for (const second of [await run({ clone: new Clone(clone) }), await run()]) {
        const { commit, ...rest } = second;
        assert.notEqual(commit, newHead);
        assert.deepEqual(rest, { ...nothing, dryRun: false });
        assert.deepEqual(pushes(), []);
      }
      assert.deepEqual(await tags(), at(newHead, ...all));
      assert.deepEqual(gitHub.requests, Array(2).fill("GET /repos/pulumi/pulumi/releases?per_page=100"));
      assert.match(output, /tags +none to push\n +released +5 of 5 tags are complete$/);
    });

    it("whatever tags the clone has or lacks: those of the origin count", async () => {
      publish("3.259.0", "3.260.0");
      await repository.pushTag("v3.259.0", head);
      await repository.pushTag("v1.0.0", head);
      const clone = await freshClone();
      await git(clone, "tag", "--delete", "v3.259.0");
      await git(clone, "tag", "v3.260.0", head);
      const { pushed } = await run({ clone: new Clone(clone) });
      assert.deepEqual(pushed, ["v3.260.0", "latest-v3.260.0"]);
      assert.equal(await git(clone, "tag", "--list"), "v1.0.0\nv3.260.0");
    });

    it("and makes up for what runs have missed", async () => {
      publish("3.259.0");
      await run();
      const first = head;
      const second = await repository.commit("Weeks later", { "README.md": "later" });
      publish("3.260.0", "3.262.0");
      // A patch of an older line that appears after a newer version was tagged.
      await run();
      publish("3.260.1");
      assert.deepEqual((await run()).pushed, ["v3.260.1"]);
      const later = ["v3.260.0", "v3.260.1", "v3.262.0", "latest-v3.262.0"];
      assert.deepEqual(await tags(), { ...at(first, "v3.259.0", "latest-v3.259.0"), ...at(second, ...later) });
    });

    it("once its files are all there, and latest is not held up by those that are not", async () => {
      publish("3.259.0");
      for (const version of ["3.260.0", "3.261.0", "3.262.0"]) announce(version);
      upload("3.260.0");
      files["/pulumi-v3.260.0-linux-arm64.tar.gz"] = 403;
      upload("3.261.0");
      files["/pulumi-3.261.0-checksums.txt"] = `${"a".repeat(64)}  pulumi-v3.261.0-linux-x64.tar.gz\n`;
      const { pushed, waiting } = await run();
      assert.deepEqual(pushed, ["v3.259.0", "latest-v3.259.0"]);
      assert.deepEqual(Object.keys(waiting), ["3.260.0", "3.261.0", "3.262.0"]);
      assert.equal(waiting["3.260.0"], `${mirror.url}/pulumi-v3.260.0-linux-arm64.tar.gz answers 403`);
      assert.match(waiting["3.261.0"] ?? "", /was never published for linux\/arm64: .* does not list/);
      assert.match(
        waiting["3.262.0"] ?? "",
        /checksums\.txt answers 404; .*x64\S* answers 404; .*arm64\S* answers 404$/,
      );
      for (const version of ["3.260.0", "3.261.0", "3.262.0"]) upload(version);
      const next = await run();
      assert.deepEqual(next.waiting, {});
      assert.deepEqual(next.pushed, ["v3.260.0", "v3.261.0", "v3.262.0", "latest-v3.262.0"]);
      assert.deepEqual(pushes(), [["v3.260.0", "v3.261.0", "v3.262.0"], ["latest-v3.262.0"]]);
    });

    it("and waits where Pulumi's files cannot be reached", async () => {
      publish("3.259.0");
      const { pushed, waiting } = await run({ pulumiReleases: "http://127.0.0.1:9" });
      assert.deepEqual(pushed, []);
      assert.match(
        waiting["3.259.0"] ?? "",
        /^http:\/\/127\.0\.0\.1:9\/pulumi-3\.259\.0-checksums\.txt cannot be reached: /,
      );
    });

    it("but not what main has withdrawn", async () => {
      publish("3.259.0", "3.260.0", "3.261.0");
      const clone = await freshClone();
      await repository.commit("Withdraw", { "images/withdrawn.json": '{"3.261.0": "yanked", "3.259.0": "yanked"}' });
      assert.deepEqual((await run({ clone: new Clone(clone) })).pushed, ["v3.260.0", "latest-v3.260.0"]);
      assert.deepEqual((await run()).pushed, []);
    });

    it("from every page of GitHub's list, without drafts and prereleases", async () => {
      gitHub.releases = [
        ...[...Array(120).keys()].map((patch) => ({
          tag_name: `v3.300.${patch}`,
          draft: patch % 2 === 0,
          prerelease: patch % 2 === 1,
        })),
        { tag_name: "v3.301.0-rc.1" },
        ...[...Array(120).keys()].map((patch) => ({ tag_name: `v3.100.${patch}` })),
        { tag_name: "v3.259.0" },
      ];
      upload("3.259.0");
      for (const { tag_name } of gitHub.releases) upload(tag_name.slice(1));
      assert.deepEqual((await run()).pushed, ["v3.259.0", "latest-v3.259.0"]);
      assert.deepEqual(gitHub.requests, [
        "GET /repos/pulumi/pulumi/releases?per_page=100",
        "GET /repositories/72477752/releases?per_page=100&page=2",
        "GET /repositories/72477752/releases?per_page=100&page=3",
      ]);
    });

    it("but only says so in a dry run", async () => {
      publish("3.259.0", "3.260.0");
      await repository.pushTag("v3.259.0", head);
      const { pushed, failed, dryRun } = await run({ dryRun: true });
      assert.equal(dryRun, true);
      assert.deepEqual(pushed, ["v3.260.0", "latest-v3.260.0"]);
      assert.deepEqual(
        failed.map(({ gitTag, remedy }) => [gitTag, remedy.kind]),
        [["v3.259.0", "dispatch"]],
      );
      assert.match(output, new RegExp(`would push +v3\\.260\\.0, latest-v3\\.260\\.0 for ${head}\n`));
      assert.match(output, /v3\.259\.0 +has no image of golang, javascript: would be released again/);
      assert.deepEqual(await tags(), at(head, "v3.259.0"));
      assert.deepEqual(gitHub.dispatched, []);
      assert.deepEqual(pushes(), []);
    });
  });

  describe("shares the repository with others", () => {
    it("and leaves a tag that somebody made between its look and its push", async () => {
      publish("3.259.0", "3.260.0");
      const other = head;
      await repository.commit("Main moves on", { "README.md": "new" });
      const list = files["/pulumi-3.259.0-checksums.txt"] as string;
      files["/pulumi-3.259.0-checksums.txt"] = () => {
        execFileSync("git", ["update-ref", "refs/tags/v3.259.0", other], { cwd: repository.remote });
        return { body: list };
      };
      const { pushed, madeMeanwhile, commit } = await run();
      assert.deepEqual(
        { pushed, madeMeanwhile },
        { pushed: ["v3.260.0", "latest-v3.260.0"], madeMeanwhile: ["v3.259.0"] },
      );
      assert.deepEqual(await tags(), { "v3.259.0": other, ...at(commit, "v3.260.0", "latest-v3.260.0") });
      assert.match(output, /v3\.259\.0 +was made by somebody else meanwhile/);
    });

    it("even where that was while the push was under way", async () => {
      publish("3.259.0");
      const other = head;
      await repository.commit("Main moves on", { "README.md": "new" });
      hook("update", `[ "$1" != refs/tags/v3.259.0 ] || git update-ref "$1" ${other}`);
      const { pushed, madeMeanwhile, commit } = await run();
      assert.deepEqual({ pushed, madeMeanwhile }, { pushed: ["latest-v3.259.0"], madeMeanwhile: ["v3.259.0"] });
      assert.deepEqual(await tags(), { "v3.259.0": other, "latest-v3.259.0": commit });
    });

    it("and says in git's words why a push was refused", async () => {
      publish("3.259.0");
      hook("pre-receive", "echo 'tags are protected here' >&2; exit 1");
      await assert.rejects(run(), (error: Error) => {
        assert.ok(error instanceof Fault);
        assert.match(
          error.message,
          /^v3\.259\.0, latest-v3\.259\.0 cannot be pushed: [^]*remote: tags are protected here/,
        );
        assert.match(error.message, /\nCheck that the login may create tags of this repository\./);
        return true;
      });
      assert.deepEqual(await tags(), {});
    });

    for (const setting of ["url", "pushurl"]) {
      it(`and never prints the token of its ${setting}`, async () => {
        publish("3.259.0");
        const clone = await freshClone();
        const url = mirror.url.replace("http://", `http://x-access-token:${token}@`);
        // Git takes logins out of the URLs that it prints, but not out of this one.
        files["/owner/runner-pulumi.git/info/refs"] = () => ({ status: 302, headers: { location: "/login" } });
        files["/login"] = "<html>";
        await git(clone, "config", `remote.origin.${setting}`, `${url}/owner/runner-pulumi.git`);
        await assert.rejects(run({ clone: new Clone(clone) }), (error: Error) => {
          assert.ok(error instanceof Fault);
          assert.match(error.message, /asked for: http:\/\/…@127\.0\.0\.1:\d+\/owner\/runner-pulumi\.git/);
          assert.ok(!`${error.message}${error.stack}${output}`.includes(token), error.message);
          return true;
        });
      });
    }
  });

  describe("when GitHub makes trouble", () => {
    const impatient = (timeout: number) => openGitHub({ url: gitHub.url, token, timeout, pause: 10 });

    const passing: [string, () => Trouble[]][] = [
      ["a secondary rate limit by 403", () => [secondaryLimit(403, 1)]],
      ["a secondary rate limit by 429, twice", () => [secondaryLimit(429, 1), secondaryLimit(429, 1)]],
      ["a rate limit whose hour is about to end", () => [primaryLimit(403, 0)]],
      ["an outage", () => [outage()]],
      ["an answer that breaks off", () => ["break off"]],
      ["an answer that does not come", () => ["hang"]],
    ];
    for (const [name, troubles] of passing) {
      it(`asks again after ${name}`, async () => {
        publish("3.259.0");
        gitHub.troubles.push(...troubles());
        const { pushed } = await run({ octokit: impatient(500) });
        assert.deepEqual(pushed, ["v3.259.0", "latest-v3.259.0"]);
        assert.equal(gitHub.requests.length, troubles().length + 1);
      });
    }

    const list = "GET http://127\\.0\\.0\\.1:\\d+/repos/pulumi/pulumi/releases\\?per_page=100";
    const soon = "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z";
    const lasting: [string, () => Trouble[], string, number][] = [
      [
        "a rate limit that lasts an hour, at once",
        () => [primaryLimit(403, 3600)],
        `${list} answers 403: API rate limit exceeded for 192\\.0\\.2\\.1\\..* The rate limit, 60 requests an hour, is used up ` +
          `until ${soon}\\. Retry then; a scheduled run makes up for it\\.$`,
        1,
      ],
      [
        "a secondary rate limit of ten minutes, at once",
        () => [secondaryLimit(429, 600)],
        `${list} answers 429: You have exceeded.* The secondary rate limit is reached until ${soon}\\. Retry then; `,
        1,
      ],
      [
        "a rate limit that does not end",
        () => Array<Trouble>(4).fill(secondaryLimit(403, 0.1)),
        "The secondary rate limit is reached until",
        3,
      ],
      [
        "an outage that lasts",
        () => Array<Trouble>(4).fill(outage()),
        `${list} answers 502: Server Error.* See https://www\\.githubstatus\\.com and retry; a scheduled run makes up`,
        3,
      ],
      [
        "answers that never come",
        () => Array<Trouble>(4).fill("hang"),
        `${list} cannot be reached: The operation was aborted due to timeout\\. Check the network and https://www\\.githubstatus`,
        3,
      ],
      ["a page of a proxy", () => ["page"], 'answers 200 with something that is not JSON: "<html>Log in', 1],
      [
        "a token that has expired",
        () => [{ status: 401, message: "Bad credentials" }],
        "what GITHUB_TOKEN may do\\.$",
        1,
      ],
    ];
    for (const [name, troubles, sentence, requests] of lasting) {
      it(`pushes nothing and says so after ${name}`, async () => {
        publish("3.259.0");
        gitHub.troubles.push(...troubles());
        await assert.rejects(run({ octokit: impatient(300) }), (error: Error) => {
          assert.ok(error instanceof GitHubFault);
          assert.match(error.message, new RegExp(sentence));
          assert.ok(!error.message.includes(token));
          return true;
        });
        assert.equal(gitHub.requests.length, requests);
        assert.deepEqual(await tags(), {});
        // The next run makes up for it.
        gitHub.troubles.length = 0;
        assert.deepEqual((await run()).pushed, ["v3.259.0", "latest-v3.259.0"]);
      });
    }

    it("takes no page for the end of the list because the one after it failed", async () => {
      gitHub.releases = [...Array(101).keys()].map((patch) => ({ tag_name: `v3.259.${patch}` }));
      for (const { tag_name } of gitHub.releases) upload(tag_name.slice(1));
      const octokit = openGitHub({ url: gitHub.url, token });
      octokit.hook.before("request", ({ url }) => {
        if (url.includes("page=2")) gitHub.troubles.push({ status: 409, message: "Conflict" });
      });
      await assert.rejects(run({ octokit }), /releases\?per_page=100&page=2 answers 409: Conflict/);
      assert.deepEqual(await tags(), {});
    });

    it("says where there is no GitHub", () =>
      assert.rejects(
        run({ octokit: openGitHub({ url: "http://127.0.0.1:9", pause: 10 }) }),
        /^Error: GET http:\/\/127\.0\.0\.1:9\/repos\/pulumi\/pulumi\/releases\?per_page=100 cannot be reached: /,
      ));

    it("says that more requests are to be had with a token, where there is none", async () => {
      gitHub.troubles.push(primaryLimit(429, 3600));
      await assert.rejects(
        run({ octokit: openGitHub({ url: gitHub.url }) }),
        /Requests with GITHUB_TOKEN have a higher one/,
      );
    });
  });

  describe("finds releases that failed", () => {
    /** What was found, each as "tag: remedy, languages". */
    const found = ({ failed }: WatchReport) =>
      failed.map(({ gitTag, remedy, missing }) => `${gitTag}: ${remedy.kind}, ${missing.join()}`);

    beforeEach(async () => {
      publish("3.259.0");
      await run();
      await release("v3.259.0", ["javascript"]);
      await release("latest-v3.259.0");
    });

    it("and dispatches each once, again after a failure, and not after the third", async () => {
      assert.deepEqual(found(await run()), ["v3.259.0: dispatch, golang"]);
      assert.deepEqual(gitHub.dispatched, ["v3.259.0"]);
      assert.match(output, /v3\.259\.0 +has no image of golang: releasing it again/);
      for (const failures of [1, 2]) {
        assert.deepEqual(found(await run()), ["v3.259.0: under way, golang"]);
        assert.equal(gitHub.dispatched.length, failures);
        end("failure");
        assert.deepEqual(found(await run()), ["v3.259.0: dispatch, golang"]);
      }
      end("cancelled");
      const { failed } = await run();
      assert.deepEqual(failed, [
        {
          gitTag: "v3.259.0",
          missing: ["golang"],
          remedy: { kind: "failing", url: "https://github.com/owner/runner-pulumi/actions/runs/3" },
        },
      ]);
      assert.equal(gitHub.dispatched.length, 3);
    });

    /** Ends the newest run of the release workflow. */
    function end(conclusion: string): void {
      const [newest] = gitHub.runs;
      gitHub.runs[0] = { display_title: newest?.display_title ?? "", status: "completed", conclusion };
    }

    it("and is content once the release is complete", async () => {
      await run();
      await release("v3.259.0", ["golang"]);
      assert.deepEqual(found(await run()), []);
    });

    it("and looks at the newest 200 runs alone", async () => {
      const failed = { display_title: "Release v3.259.0", status: "completed", conclusion: "failure" };
      const other = { display_title: "Release v3.258.0", status: "completed", conclusion: "success" };
      gitHub.runs.push(...Array<typeof other>(198).fill(other), failed, failed, failed);
      assert.deepEqual(found(await run()), ["v3.259.0: dispatch, golang"]);
      const pages = gitHub.requests.filter((request) => request.includes("/runs?"));
      assert.equal(pages.length, 2);
    });

    it("of stack dev too, in its own registry", async () => {
      await release("v3.259.0", ["golang"]);
      await repository.pushTag("dev-v3.259.0", head);
      await repository.pushTag("dev-v3.258.0", head);
      assert.deepEqual(found(await run()), ["dev-v3.259.0: dispatch, golang,javascript"]);
      await release("dev-v3.259.0");
      assert.deepEqual(found(await run()), []);
    });

    it("but not because of a language that was retired", async () => {
      await release("v3.259.0", ["golang"]);
      await repository.commit("Retire javascript", { "dockerfiles/javascript.Dockerfile": undefined });
      assert.deepEqual(found(await run()), []);
    });

    it("but not because of a language that was added later", async () => {
      await release("v3.259.0", ["golang"]);
      await repository.commit("Add rust", { "dockerfiles/rust.Dockerfile": "" });
      assert.deepEqual(found(await run()), []);
      publish("3.260.0");
      await run();
      await release("v3.260.0");
      await release("latest-v3.260.0");
      assert.deepEqual(found(await run()), ["latest-v3.260.0: dispatch, rust", "v3.260.0: dispatch, rust"]);
    });

    it("where latest is not there, older or without a version", async () => {
      await release("v3.259.0", ["golang"]);
      publish("3.260.0");
      await run();
      await release("v3.260.0");
      assert.deepEqual(found(await run()), ["latest-v3.260.0: dispatch, golang,javascript"]);
      await release("latest-v3.260.0", ["golang"]);
      await pushImage(`${prod}/runner-pulumi-javascript`, "latest", {});
      gitHub.runs.length = 0;
      assert.deepEqual(found(await run()), ["latest-v3.260.0: dispatch, javascript"]);
      await release("latest-v3.261.0", ["javascript"]);
      assert.deepEqual(found(await run()), []);
    });

    it("but not of a latest that this very run supersedes", async () => {
      await release("v3.259.0", ["golang"]);
      publish("3.260.0");
      await run();
      await release("v3.260.0");
      publish("3.261.0");
      const report = await run();
      assert.deepEqual(report.pushed, ["v3.261.0", "latest-v3.261.0"]);
      assert.deepEqual(found(report), []);
    });

    it("where latest still is a version that was withdrawn", async () => {
      await release("v3.259.0", ["golang"]);
      publish("3.260.0");
      await run();
      for (const tag of ["v3.260.0", "latest-v3.260.0"]) await release(tag);
      await repository.commit("Withdraw", { "images/withdrawn.json": '{"3.260.0": "crashes"}' });
      assert.deepEqual(found(await run()), ["latest-v3.259.0: dispatch, golang,javascript"]);
    });

    it("and tells nothing where a registry cannot be read", async () => {
      await repository.pushTag("dev-v3.259.0", head);
      const clone = await freshClone();
      writeFileSync(join(clone, "Pulumi.prod.yaml"), "config:\n  runner-pulumi:registry: localhost:1/x\n");
      const report = await run({ clone: new Clone(clone) });
      assert.deepEqual(found(report), ["dev-v3.259.0: dispatch, golang,javascript"]);
      assert.deepEqual(Object.keys(report.untold), ["latest-v3.259.0", "v3.259.0"]);
      assert.match(
        report.untold["v3.259.0"] ?? "",
        /localhost:1\/v2\/x\/runner-pulumi-\w+\/tags\/list\?n=1000 cannot be reached/,
      );
      assert.deepEqual(gitHub.dispatched, ["dev-v3.259.0"]);
    });

    it("and needs a token to dispatch", async () => {
      await assert.rejects(
        run({ octokit: openGitHub({ url: gitHub.url }) }),
        /^Error: POST http\S+\/dispatches answers 401: Requires authentication.* what GITHUB_TOKEN may do\.$/,
      );
    });
  });

  describe("in a workflow", () => {
    let clone: string;
    let summary: string;
    let variables: Record<string, string>;

    beforeEach(async () => {
      publish("3.259.0");
      await repository.pushTag("v3.259.0", head);
      clone = await freshClone();
      summary = join(place, "summary.md");
      variables = {
        GITHUB_API_URL: gitHub.url,
        GITHUB_TOKEN: token,
        GITHUB_REPOSITORY: "owner/runner-pulumi",
        GITHUB_STEP_SUMMARY: summary,
        DRY_RUN: "",
      };
      set(variables);
    });
    afterEach(() => unset(variables));

    const runInWorkflow = () => printing(() => watchFromEnvironment(clone));

    it("takes what it needs from the environment and the checkout, and leaves a summary", async () => {
      await runInWorkflow();
      assert.deepEqual(await tags(), at(head, "v3.259.0", "latest-v3.259.0"));
      assert.deepEqual(gitHub.dispatched, ["v3.259.0"]);
      const text = readFileSync(summary, "utf8");
      assert.match(
        text,
        /### Pushed for [0-9a-f]{12}\n\n- `latest-v3\.259\.0`\n\n### Released again\n\n- `v3\.259\.0` \(missing: golang, javascript\)\n$/,
      );
    });

    it("does nothing in a dry run", async () => {
      process.env["DRY_RUN"] = "true";
      await runInWorkflow();
      assert.deepEqual(await tags(), at(head, "v3.259.0"));
      assert.deepEqual(gitHub.dispatched, []);
      assert.match(readFileSync(summary, "utf8"), /\(dry run\)/);
    });

    it("ends red where a version cannot be built long after Pulumi published it", async () => {
      announce("3.261.0");
      await release("v3.259.0");
      await assert.rejects(runInWorkflow(), (error: Error) => {
        assert.ok(error instanceof Fault);
        assert.match(
          error.message,
          /^Pulumi published these more than 6 hours ago.*:\nv3\.261\.0: .*answers 404.*\nFind out why/,
        );
        return true;
      });
      assert.deepEqual(await tags(), at(head, "v3.259.0", "latest-v3.259.0"));
    });

    it("ends red where a release keeps failing, after all that can be done", async () => {
      const failed = { display_title: "Release v3.259.0", status: "completed", conclusion: "failure" };
      gitHub.runs.push(failed, failed, failed);
      await assert.rejects(runInWorkflow(), (error: Error) => {
        assert.ok(error instanceof Fault);
        assert.match(
          error.message,
          /\nv3\.259\.0 \(missing: golang, javascript\): https:\/\/github\.com\/owner\/runner-pulumi\/actions\/runs\/3\n/,
        );
        return true;
      });
      assert.deepEqual(await tags(), at(head, "v3.259.0", "latest-v3.259.0"));
      assert.deepEqual(gitHub.dispatched, []);
      assert.match(readFileSync(summary, "utf8"), /### Keep failing/);
    });

    for (const [name, value, sentence] of [
      ["GITHUB_REPOSITORY", "runner-pulumi", /^Error: GITHUB_REPOSITORY "runner-pulumi" is not owner\/name\. Set it/],
      ["DRY_RUN", "yes", /^Error: DRY_RUN "yes" is neither true nor false\. Give one/],
    ] as const) {
      it(`refuses a ${name} that it cannot use`, async () => {
        process.env[name] = value;
        await assert.rejects(runInWorkflow(), sentence);
        assert.deepEqual(await tags(), at(head, "v3.259.0"));
      });
    }
  });
});
