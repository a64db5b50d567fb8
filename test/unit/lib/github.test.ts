import assert from "node:assert/strict";

import { Fault } from "../../../lib/errors";
import { openGitHub, parseRepository, requireRepository } from "../../../lib/github";
import { GitHub, type Trouble, outage, primaryLimit, secondaryLimit } from "../../fakes/github";
import { captureLog } from "../../helpers/captureLog";
import { stackTrace } from "../../helpers/stackTrace";
import { withEnvironment } from "../../helpers/withEnvironment";

const token = "ghs_secret";

describe("openGitHub", () => {
  let gitHub: GitHub;

  before(async () => (gitHub = await GitHub.start(token)));
  after(() => gitHub.stop());
  beforeEach(() => {
    gitHub.clear();
    gitHub.releases = [{ tag_name: "v3.259.0" }];
  });

  function list(options: Parameters<typeof openGitHub>[0] = {}) {
    const octokit = openGitHub({ url: gitHub.url, token, timeout: 300, retryDelay: 10, ...options });
    const parameters = { owner: "pulumi", repo: "pulumi", per_page: 100 };
    return octokit.paginate("GET /repos/{owner}/{repo}/releases", parameters);
  }

  const retried: [string, () => Trouble[]][] = [
    ["a secondary rate limit with status 403", () => [secondaryLimit(403, 0.1)]],
    ["two secondary rate limits with status 429", () => [secondaryLimit(429, 0.1), secondaryLimit(429, 0.1)]],
    ["a rate limit whose hour is about to end", () => [primaryLimit(403, 0)]],
    ["an outage", () => [outage()]],
    ["a truncated body", () => ["break off"]],
    ["a timeout", () => ["hang"]],
  ];
  for (const [name, troubles] of retried) {
    it(`retries after ${name}`, async () => {
      gitHub.troubles.push(...troubles());
      const { error } = await captureLog(async () => assert.equal((await list()).length, 1));
      assert.equal(error, undefined);
      assert.equal(gitHub.requests.length, troubles().length + 1);
    });
  }

  const request = "GET http://127\\.0\\.0\\.1:\\d+/repos/pulumi/pulumi/releases\\?per_page=100";
  const limit = "Retry later, and set GITHUB_TOKEN, which has a higher limit\\.$";
  const refused: [string, () => Trouble[], string, number][] = [
    [
      "a rate limit of an hour, at once",
      () => [primaryLimit(403, 3600)],
      `^${request} answers 403: API rate limit exceeded for 192\\.0\\.2\\.1\\..* ${limit}`,
      1,
    ],
    [
      "a secondary rate limit of ten minutes, at once",
      () => [secondaryLimit(429, 600)],
      `^${request} answers 429: You have exceeded a secondary rate limit\\..* ${limit}`,
      1,
    ],
    ["a rate limit that does not end", () => Array<Trouble>(4).fill(secondaryLimit(403, 0.1)), limit, 3],
    [
      "a lasting outage",
      () => Array<Trouble>(4).fill(outage()),
      `^${request} answers 502: Server Error.* See https://www\\.githubstatus\\.com, then retry\\.$`,
      3,
    ],
    [
      "timeouts",
      () => Array<Trouble>(4).fill("hang"),
      `^${request} failed: The operation was aborted due to timeout\\. Check the network and https://www\\.githubstatus`,
      3,
    ],
    ["a proxy's page", () => ["page"], 'answers 200, but not with JSON: "<html>Log in.*Check GITHUB_API_URL', 1],
    [
      "an expired token",
      () => [{ status: 401, message: "Bad credentials" }],
      `^${request} answers 401: Bad credentials.* the permissions of GITHUB_TOKEN\\.$`,
      1,
    ],
    [
      "a token without a permission",
      () => [{ status: 403, headers: { "x-accepted-github-permissions": "actions=write" }, message: "Not accessible" }],
      "the permissions of GITHUB_TOKEN \\(required: actions=write\\)\\.$",
      1,
    ],
  ];
  for (const [name, troubles, sentence, requests] of refused) {
    it(`reports ${name}`, async () => {
      gitHub.troubles.push(...troubles());
      const { error, lines } = await captureLog(() => list());
      assert.ok(error instanceof Fault);
      assert.match(error.message, new RegExp(sentence));
      for (const text of [error.message, ...lines]) {
        assert.ok(!text.includes(token));
        assert.doesNotMatch(text, stackTrace);
      }
      assert.equal(gitHub.requests.length, requests);
    });
  }

  it("reports that GitHub cannot be reached", () =>
    assert.rejects(
      list({ url: "http://127.0.0.1:9/" }),
      /^Error: GET http:\/\/127\.0\.0\.1:9\/repos\/pulumi\/pulumi\/releases\?per_page=100 failed: .* Check the network/,
    ));
});

describe("parseRepository", () => {
  it("accepts owner/name", () => {
    assert.deepEqual(parseRepository("spacelift-io/runner-pulumi"), { owner: "spacelift-io", repo: "runner-pulumi" });
  });

  for (const value of ["runner-pulumi", "a/b/c", "a/", "/b", "a b/c", "", undefined, 1]) {
    it(`refuses ${JSON.stringify(value)}`, () => assert.equal(parseRepository(value), undefined));
  }
});

describe("requireRepository", () => {
  const read = (value: string) =>
    withEnvironment({ GITHUB_REPOSITORY: value }, () => Promise.resolve().then(requireRepository));

  it("reads GITHUB_REPOSITORY", async () => assert.deepEqual(await read("a/b"), { owner: "a", repo: "b" }));

  it("refuses a missing one and one that is not owner/name", async () => {
    await assert.rejects(read(""), /^Error: Missing GITHUB_REPOSITORY\. /);
    await assert.rejects(read("runner-pulumi"), {
      message: `GITHUB_REPOSITORY "runner-pulumi" is not owner/name. Set it to this repository's name.`,
    });
  });
});
