import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Kind, WatchReport } from "../../commands/watch/report";
import { type WatchOptions, watch, watchFromEnvironment } from "../../commands/watch/watch";
import { requireRelease } from "../../images/gitTag";
import { versionLabel } from "../../images/labels";
import { allPlatforms } from "../../images/platform";
import { archiveName } from "../../images/pulumiRelease";
import { Clone } from "../../lib/git";
import { openGitHub } from "../../lib/github";
import { inFolder } from "../../local/folder";
import { ensureBuilderTools } from "../../local/native/builderTools";
import { stopDaemon } from "../../local/native/daemon";
import { startRegistry } from "../../local/native/registry";
import { GitHub, primaryLimit, secondaryLimit } from "../fakes/github";
import { captureLog } from "../helpers/captureLog";
import { checksumsOf } from "../helpers/checksums";
import { type Answer, serve } from "../helpers/http";
import { isFault } from "../helpers/isFault";
import { pushImage } from "../helpers/repositoryWriter";
import { ScratchRepository, git } from "../helpers/scratchRepository";
import { withEnvironment } from "../helpers/withEnvironment";

const token = "ghs_secret";
const firstVersion = "3.259.0";

/** Keeps the machine's own settings away from git. */
const gitSettings = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };

/** The details of a report's entries of a kind, by tag. */
const detailsOf = (report: WatchReport, kind: Kind) =>
  Object.fromEntries(report.of(kind).map(({ tag, detail }) => [tag, detail]));

/** The tags of a report's entries of a kind. */
const tagsOf = (report: WatchReport, kind: Kind) => report.of(kind).map(({ tag }) => tag);

describe("the watcher", () => {
  let folder: string;
  let registry: string;
  let gitHub: GitHub;
  /** The address of Pulumi's releases, and their files. */
  let pulumiReleases: string;
  const files: Record<string, Answer> = {};

  // Of one test.
  let place: string;
  let repository: ScratchRepository;
  /** The address that the stack prod of the repository publishes to. */
  let prod: string;
  let head: string;
  /** The log of the last run. */
  let output: string;

  before(async () => {
    mkdirSync(inFolder("tests"), { recursive: true });
    folder = mkdtempSync(inFolder("tests", "watch-"));
    registry = await startRegistry(await ensureBuilderTools(), folder);
    gitHub = await GitHub.start(token);
    pulumiReleases = (await serve(files)).url;
  });
  after(async () => {
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
      "dockerfiles/golang/Dockerfile": "",
      "dockerfiles/javascript/Dockerfile": "",
      "dockerfiles/scripts/settle": "",
      "Pulumi.prod.yaml": `config:\n  runner-pulumi:registry: ${prod}\n`,
      "Pulumi.dev.yaml": `config:\n  runner-pulumi:registry: ${prod}/dev\n`,
      "Pulumi.yaml": `config:\n  pulumiReleases:\n    default: ${pulumiReleases}\n  signatures:\n    default: "off"\n`,
      "commands/watch/watched.json": JSON.stringify({ repository: "pulumi/pulumi", firstVersion }),
    });
    // Git records what arrives in one push.
    hook("post-receive", "{ echo push; cat; } >> pushes");
  });

  /** Puts a hook into the bare repository. */
  function hook(name: string, script: string): void {
    writeFileSync(join(repository.remote, "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Pulumi publishes versions: the newest first on GitHub, as it lists them, and their files. */
  function publish(...versions: string[]): void {
    for (const version of versions) announce(version);
    for (const version of versions) upload(version);
  }

  function announce(version: string, published_at?: string): void {
    gitHub.releases.unshift({ tag_name: `v${version}`, published_at });
  }

  function upload(version: string): void {
    for (const platform of allPlatforms) files[`/${archiveName(version, platform)}`] = "an archive";
    files[`/pulumi-${version}-checksums.txt`] = checksumsOf(version);
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
  async function freshClone(): Promise<Clone> {
    const clone = mkdtempSync(join(place, "watcher-"));
    await git(place, "clone", "--quiet", repository.remote, clone);
    return new Clone(clone);
  }

  /** Runs the watcher in a fresh clone. */
  async function run(options: Partial<WatchOptions> = {}): Promise<WatchReport> {
    const clone = options.clone ?? (await freshClone());
    rmSync(join(repository.remote, "pushes"), { force: true });
    return capture(() =>
      watch({
        clone,
        octokit: openGitHub({ url: gitHub.url, token }),
        repository: { owner: "owner", repo: "runner-pulumi" },
        config: { repository: { owner: "pulumi", repo: "pulumi" }, firstVersion },
        pulumiReleases,
        signatures: "off",
        dryRun: false,
        ...options,
      }),
    );
  }

  /** Runs some work and captures its log. */
  async function capture<T>(work: () => Promise<T>, variables: NodeJS.ProcessEnv = {}): Promise<T> {
    let result: T;
    const { lines, error } = await captureLog(async () => {
      result = await withEnvironment({ ...gitSettings, ...variables }, work);
    });
    output = lines.join("\n");
    if (error !== undefined) throw error as Error;
    return result!;
  }

  /** The tags that the bare repository got since the run began, push by push. */
  function pushes(): string[][] {
    const log = join(repository.remote, "pushes");
    if (!existsSync(log)) return [];
    const groups = readFileSync(log, "utf8").split("push\n").slice(1);
    return groups.map((group) => [...group.matchAll(/ refs\/tags\/(\S+)$/gm)].map(([, tag = ""]) => tag).sort());
  }

  /** The tags of the bare repository with their commits. */
  const tags = async () => Object.fromEntries(await new Clone(repository.clone).remoteTags());

  const nothing = "## Watch of Pulumi's releases\n\nNothing to do.";
  const at = (commit: string, ...names: string[]) => Object.fromEntries(names.map((name) => [name, commit]));

  describe("with new releases of Pulumi", () => {
    it("tags the head of main, in pushes of three at most, and does nothing the second time", async () => {
      publish("3.258.0", "3.259.0", "3.260.0", "3.261.0", "3.262.0");
      const clone = await freshClone();
      const newHead = await repository.commit("Main moves on after the clone", { "README.md": "new" });
      const report = await run({ clone });
      const all = ["v3.259.0", "v3.260.0", "v3.261.0", "v3.262.0", "latest-v3.262.0"];
      assert.deepEqual(detailsOf(report, "pushed"), at(newHead, ...all));
      assert.equal(report.toMarkdown().match(/^###/gm)?.length, 1);
      assert.deepEqual(await tags(), at(newHead, ...all));
      assert.deepEqual(pushes(), [
        ["v3.259.0", "v3.260.0", "v3.261.0"],
        ["latest-v3.262.0", "v3.262.0"],
      ]);
      for (const tag of all) await release(tag);
      await repository.commit("Main moves on", { "README.md": "newer" });
      gitHub.requests.length = 0;
      for (const second of [await run({ clone }), await run()]) {
        assert.equal(second.toMarkdown(), nothing);
        assert.deepEqual(pushes(), []);
      }
      assert.deepEqual(await tags(), at(newHead, ...all));
      assert.deepEqual(gitHub.requests, Array(2).fill("GET /repos/pulumi/pulumi/releases?per_page=100"));
      assert.match(output, /tags +none to push\n +released +5 of 5 tags are complete$/);
    });

    it("compares with the origin's tags, not with the clone's", async () => {
      publish("3.259.0", "3.260.0");
      await repository.pushTag("v3.259.0", head);
      await repository.pushTag("v1.0.0", head);
      const clone = await freshClone();
      await clone.git("tag", "--delete", "v3.259.0");
      await clone.git("tag", "v3.260.0", head);
      const report = await run({ clone });
      assert.deepEqual(tagsOf(report, "pushed"), ["v3.260.0", "latest-v3.260.0"]);
      assert.equal(await clone.git("tag", "--list"), "v1.0.0\nv3.260.0");
    });

    it("waits until all files of a version exist, and moves latest meanwhile", async () => {
      publish("3.259.0");
      for (const version of ["3.260.0", "3.261.0"]) {
        announce(version, version === "3.261.0" ? new Date().toISOString() : undefined);
        upload(version);
        files[`/pulumi-v${version}-linux-arm64.tar.gz`] = 403;
      }
      const report = await run();
      assert.deepEqual(tagsOf(report, "pushed"), ["v3.259.0", "latest-v3.259.0"]);
      const reason = (version: string) => `${pulumiReleases}/pulumi-v${version}-linux-arm64.tar.gz: it answers 403`;
      assert.deepEqual(detailsOf(report, "overdue"), { "v3.260.0": reason("3.260.0") });
      assert.deepEqual(detailsOf(report, "waiting"), { "v3.261.0": reason("3.261.0") });
      for (const version of ["3.260.0", "3.261.0"]) upload(version);
      assert.deepEqual(tagsOf(await run(), "pushed"), ["v3.260.0", "v3.261.0", "latest-v3.261.0"]);
    });

    it("leaves out what main has withdrawn", async () => {
      publish("3.259.0", "3.260.0", "3.261.0");
      const clone = await freshClone();
      await repository.commit("Withdraw", { "images/withdrawn.json": '{"3.261.0": "yanked", "3.259.0": "yanked"}' });
      assert.deepEqual(tagsOf(await run({ clone }), "pushed"), ["v3.260.0", "latest-v3.260.0"]);
      assert.deepEqual(tagsOf(await run(), "pushed"), []);
    });

    it("reads every page of GitHub's list", async () => {
      const old = [...Array(240).keys()].map((patch) => ({ tag_name: `v3.100.${patch}` }));
      gitHub.releases = [...old, { tag_name: "v3.259.0" }];
      upload("3.259.0");
      assert.deepEqual(tagsOf(await run(), "pushed"), ["v3.259.0", "latest-v3.259.0"]);
      assert.deepEqual(gitHub.requests, [
        "GET /repos/pulumi/pulumi/releases?per_page=100",
        "GET /repositories/72477752/releases?per_page=100&page=2",
        "GET /repositories/72477752/releases?per_page=100&page=3",
      ]);
    });
  });

  describe("beside others who push tags", () => {
    for (const [when, interfere] of [
      [
        "between its check and its push",
        (create: string) => {
          files["/pulumi-3.259.0-checksums.txt"] = () => {
            execFileSync("sh", ["-c", create], { cwd: repository.remote });
            return { body: checksumsOf("3.259.0") };
          };
        },
      ],
      ["during its push", (create: string) => hook("update", `[ "$1" != refs/tags/v3.259.0 ] || ${create}`)],
    ] as const) {
      it(`leaves a tag that somebody creates ${when}`, async () => {
        publish("3.259.0");
        const newHead = await repository.commit("Main moves on", { "README.md": "new" });
        interfere(`git update-ref refs/tags/v3.259.0 ${head}`);
        const report = await run();
        assert.deepEqual(tagsOf(report, "pushed"), ["latest-v3.259.0"]);
        assert.deepEqual(detailsOf(report, "createdMeanwhile"), { "v3.259.0": "left unchanged" });
        assert.deepEqual(await tags(), { "v3.259.0": head, "latest-v3.259.0": newHead });
      });
    }

    it("reports git's reason for a refused push", async () => {
      publish("3.259.0");
      hook("pre-receive", "echo 'tags are protected here' >&2; exit 1");
      await assert.rejects(
        run(),
        isFault(
          /^Could not push v3\.259\.0, latest-v3\.259\.0: [^]*remote: tags are protected here[^]*\nCheck that the credentials allow creating tags in this repository\./,
        ),
      );
      assert.deepEqual(await tags(), {});
    });

    for (const setting of ["url", "pushurl"]) {
      it(`never prints the token of its ${setting}`, async () => {
        publish("3.259.0");
        const clone = await freshClone();
        const url = pulumiReleases.replace("http://", `http://x-access-token:${token}@`);
        // Git removes credentials from the URLs that it prints, but not from this one.
        files["/owner/runner-pulumi.git/info/refs"] = () => ({ status: 302, headers: { location: "/login" } });
        files["/login"] = "<html>";
        await clone.git("config", `remote.origin.${setting}`, `${url}/owner/runner-pulumi.git`);
        await assert.rejects(run({ clone }), (error: Error) => {
          isFault(/asked for: http:\/\/…@127\.0\.0\.1:\d+\/owner\/runner-pulumi\.git/)(error);
          assert.ok(!`${error.message}${error.stack}${output}`.includes(token), error.message);
          return true;
        });
      });
    }
  });

  describe("if GitHub fails", () => {
    it("pushes nothing after truncated lists, and the next run catches up", async () => {
      publish("3.259.0");
      gitHub.troubles.push("break off", "break off", "break off");
      const octokit = openGitHub({ url: gitHub.url, token, timeout: 300, retryDelay: 10 });
      await assert.rejects(run({ octokit }), isFault(/releases\?per_page=100 failed: .* Check the network/));
      assert.deepEqual(await tags(), {});
      assert.deepEqual(tagsOf(await run(), "pushed"), ["v3.259.0", "latest-v3.259.0"]);
    });

    it("does not take a page for the end of the list because the next one fails", async () => {
      gitHub.releases = [...Array(101).keys()].map((patch) => ({ tag_name: `v3.259.${patch}` }));
      for (const { tag_name } of gitHub.releases) upload(tag_name.slice(1));
      const octokit = openGitHub({ url: gitHub.url, token });
      octokit.hook.before("request", ({ url }) => {
        if (url.includes("page=2")) gitHub.troubles.push({ status: 409, message: "Conflict" });
      });
      await assert.rejects(run({ octokit }), /releases\?per_page=100&page=2 answers 409: Conflict/);
      assert.deepEqual(await tags(), {});
    });
  });

  describe("with incomplete releases", () => {
    /** The incomplete releases of a report, each as "tag: remedy, languages". */
    const found = (report: WatchReport) =>
      (["dispatch", "running", "postpone", "failing"] as const).flatMap((kind) =>
        report.of(kind).map(({ tag, detail }) => `${tag}: ${kind}, ${detail.replace(/^missing |;.*$/g, "")}`),
      );

    beforeEach(async () => {
      publish("3.259.0");
      await run();
      await release("v3.259.0", ["javascript"]);
      await release("latest-v3.259.0");
    });

    it("dispatches each once, again after a failure, but not after the third", async () => {
      /** Ends the newest run of the release workflow. */
      const end = (conclusion: string) => {
        gitHub.runs[0] = { display_title: "Release v3.259.0", status: "completed", conclusion };
      };
      assert.deepEqual(found(await run()), ["v3.259.0: dispatch, golang"]);
      assert.match(output, /v3\.259\.0 +incomplete, re-released: missing golang$/m);
      for (const failure of ["failure", "timed_out"]) {
        assert.deepEqual(found(await run()), ["v3.259.0: running, golang"]);
        end(failure);
        assert.deepEqual(found(await run()), ["v3.259.0: dispatch, golang"]);
      }
      end("cancelled");
      assert.deepEqual(detailsOf(await run(), "failing"), {
        "v3.259.0": "missing golang; https://github.com/owner/runner-pulumi/actions/runs/3",
      });
      assert.deepEqual(gitHub.dispatched, Array(3).fill("v3.259.0"));
    });

    it("ends if an hour's requests are used up between two dispatches, and the next run continues", async () => {
      await repository.pushTag("dev-v3.259.0", head);
      // The releases, the runs and the first dispatch.
      gitHub.troubles.push(undefined, undefined, undefined, primaryLimit(403, 3600));
      const sentence =
        /^POST \S+\/dispatches answers 403: API rate limit exceeded for 192\.0\.2\.1\. .* Retry later, and set GITHUB_TOKEN, which has a higher limit\.$/;
      await assert.rejects(run(), isFault(sentence));
      assert.equal(gitHub.dispatched.length, 1);
      await run();
      assert.deepEqual([...gitHub.dispatched].sort(), ["dev-v3.259.0", "v3.259.0"]);
    });

    it("waits for limits that end soon, with each status that GitHub has for them", async () => {
      gitHub.troubles.push(secondaryLimit(429, 0.1), undefined, primaryLimit(403, 0), secondaryLimit(403, 0.1));
      assert.deepEqual(found(await run()), ["v3.259.0: dispatch, golang"]);
      assert.equal(output.match(/rate limit: retrying in/g)?.length, 3);
      assert.deepEqual(gitHub.dispatched, ["v3.259.0"]);
    });

    it("reads only the newest 200 runs", async () => {
      const failed = { display_title: "Release v3.259.0", status: "completed", conclusion: "failure" };
      const other = { display_title: "Release v3.258.0", status: "completed", conclusion: "success" };
      gitHub.runs.push(...Array<typeof other>(198).fill(other), failed, failed, failed);
      assert.deepEqual(found(await run()), ["v3.259.0: dispatch, golang"]);
      const pages = gitHub.requests.filter((request) => request.includes("/runs?"));
      assert.equal(pages.length, 2);
    });

    it("finds those of stack dev in its own registry", async () => {
      await release("v3.259.0", ["golang"]);
      await repository.pushTag("dev-v3.259.0", head);
      await repository.pushTag("dev-v3.258.0", head);
      assert.deepEqual(found(await run()), ["dev-v3.259.0: dispatch, golang, javascript"]);
      await release("dev-v3.259.0");
      assert.deepEqual(found(await run()), []);
    });

    it("finds a latest that does not exist, is older, has no version or is withdrawn", async () => {
      await release("v3.259.0", ["golang"]);
      publish("3.260.0");
      await run();
      await release("v3.260.0");
      assert.deepEqual(found(await run()), ["latest-v3.260.0: dispatch, golang, javascript"]);
      await release("latest-v3.260.0", ["golang"]);
      await pushImage(`${prod}/runner-pulumi-javascript`, "latest", {});
      gitHub.runs.length = 0;
      assert.deepEqual(found(await run()), ["latest-v3.260.0: dispatch, javascript"]);
      await release("latest-v3.261.0", ["javascript"]);
      assert.deepEqual(found(await run()), []);
      await repository.commit("Withdraw", { "images/withdrawn.json": '{"3.260.0": "crashes"}' });
      assert.deepEqual(found(await run()), ["latest-v3.259.0: dispatch, golang"]);
    });

    it("reports an unknown status if a registry cannot be read", async () => {
      await repository.pushTag("dev-v3.259.0", head);
      const clone = await freshClone();
      writeFileSync(join(clone.folder, "Pulumi.prod.yaml"), "config:\n  runner-pulumi:registry: localhost:1/x\n");
      const report = await run({ clone });
      assert.deepEqual(found(report), ["dev-v3.259.0: dispatch, golang, javascript"]);
      assert.deepEqual(tagsOf(report, "unknown"), ["latest-v3.259.0", "v3.259.0"]);
      assert.match(
        detailsOf(report, "unknown")["v3.259.0"] ?? "",
        /^Could not reach \S+localhost:1\/v2\/x\/runner-pulumi-\w+\/tags\/list\?n=1000: /,
      );
      assert.deepEqual(gitHub.dispatched, ["dev-v3.259.0"]);
    });
  });

  describe("in a workflow", () => {
    let clone: Clone;
    let summary: string;

    beforeEach(async () => {
      publish("3.259.0");
      await repository.pushTag("v3.259.0", head);
      clone = await freshClone();
      summary = join(place, "summary.md");
    });

    const runInWorkflow = (variables: NodeJS.ProcessEnv = {}) =>
      capture(() => watchFromEnvironment(clone), {
        ...{ GITHUB_API_URL: gitHub.url, GITHUB_TOKEN: token, GITHUB_REPOSITORY: "owner/runner-pulumi" },
        ...{ GITHUB_STEP_SUMMARY: summary, DRY_RUN: "" },
        ...variables,
      });

    it("reads its settings from the environment and the checkout, and adds a summary", async () => {
      await runInWorkflow();
      assert.deepEqual(await tags(), at(head, "v3.259.0", "latest-v3.259.0"));
      assert.deepEqual(gitHub.dispatched, ["v3.259.0"]);
      assert.equal(
        readFileSync(summary, "utf8"),
        `## Watch of Pulumi's releases\n\n### Pushed\n\n- \`latest-v3.259.0\`: ${head}\n\n` +
          "### Incomplete, re-released\n\n- `v3.259.0`: missing golang, javascript\n",
      );
    });

    it("does nothing in a dry run", async () => {
      await runInWorkflow({ DRY_RUN: "true" });
      assert.deepEqual(await tags(), at(head, "v3.259.0"));
      assert.deepEqual(gitHub.dispatched, []);
      assert.match(output, new RegExp(` latest-v3\\.259\\.0 +would be pushed: ${head}\n`));
      assert.match(output, /v3\.259\.0 +incomplete, would be re-released: missing golang, javascript$/m);
      assert.match(readFileSync(summary, "utf8"), /\(dry run\)/);
    });

    it("fails if a release keeps failing, after it has done everything else", async () => {
      const failed = { display_title: "Release v3.259.0", status: "completed", conclusion: "failure" };
      gitHub.runs.push(failed, failed, failed);
      await assert.rejects(
        runInWorkflow(),
        isFault(
          /\n {2}- v3\.259\.0: missing golang, javascript; https:\/\/github\.com\/owner\/runner-pulumi\/actions\/runs\/3\n/,
        ),
      );
      assert.deepEqual(await tags(), at(head, "v3.259.0", "latest-v3.259.0"));
      assert.deepEqual(gitHub.dispatched, []);
      assert.match(readFileSync(summary, "utf8"), /### Incomplete, failed 3 times in a row/);
    });

    it("refuses another DRY_RUN than true and false", async () => {
      await assert.rejects(
        runInWorkflow({ DRY_RUN: "yes" }),
        isFault(/^DRY_RUN "yes" is neither true nor false\. Use one/),
      );
      assert.deepEqual(await tags(), at(head, "v3.259.0"));
    });
  });
});
