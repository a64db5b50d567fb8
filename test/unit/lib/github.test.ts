import assert from "node:assert/strict";

import { messageOf } from "../../../lib/errors";
import { openGitHub, parseRepository, requireRepository } from "../../../lib/github";
import { GitHub, type Trouble, outage, primaryLimit, secondaryLimit } from "../../fakes/github";
import { captureLog } from "../../helpers/captureLog";
import { isFault } from "../../helpers/isFault";
import { stackTrace } from "../../helpers/stackTrace";
import { withEnvironment } from "../../helpers/withEnvironment";

const token = "ghs_secret";

describe("openGitHub", () => {
  let gitHub: GitHub;
  before(async () => (gitHub = await GitHub.start(token)));
  beforeEach(() => {
    gitHub.clear();
    gitHub.releases = [{ tag_name: "v3.259.0" }];
  });

  function list(options: Parameters<typeof openGitHub>[0] = {}) {
    const octokit = openGitHub({ url: gitHub.url, token, timeout: 300, retryDelay: 10, ...options });
    const parameters = { owner: "pulumi", repo: "pulumi", per_page: 100 };
    return octokit.paginate("GET /repos/{owner}/{repo}/releases", parameters);
  }

  const retried: [string, ...Trouble[]][] = [
    ["a secondary rate limit with status 403", secondaryLimit(403, 0.1)],
    ["two secondary rate limits with status 429", secondaryLimit(429, 0.1), secondaryLimit(429, 0.1)],
    ["a rate limit whose hour is about to end", primaryLimit(403, 0)],
    ["an outage", outage()],
    ["a truncated body", "break off"],
    ["a timeout", "hang"],
  ];
  for (const [name, ...troubles] of retried) {
    it(`retries after ${name}`, async () => {
      gitHub.troubles.push(...troubles);
      const { error } = await captureLog(async () => assert.equal((await list()).length, 1));
      assert.equal(error, undefined);
      assert.equal(gitHub.requests.length, troubles.length + 1);
    });
  }

  const request = "^GET http://127\\.0\\.0\\.1:\\d+/repos/pulumi/pulumi/releases\\?per_page=100";
  const limit = "Retry later, and set GITHUB_TOKEN, which has a higher limit\\.$";
  const exceeded = `${request} answers 403: API rate limit exceeded for 192\\.0\\.2\\.1\\..* ${limit}`;
  const secondary = `${request} answers 429: You have exceeded a secondary rate limit\\..* ${limit}`;
  const down = `${request} answers 502: Server Error.* See https://www\\.githubstatus\\.com, then retry\\.$`;
  const slow = `${request} failed: The operation was aborted due to timeout\\. Check the network and https://www\\.githubstatus`;
  const page = 'answers 200, but not with JSON: "<html>Log in.*Check GITHUB_API_URL';
  const expired = `${request} answers 401: Bad credentials.* the permissions of GITHUB_TOKEN\\.$`;
  const forbidden = { headers: { "x-accepted-github-permissions": "actions=write" }, message: "Not accessible" };
  const permission = "the permissions of GITHUB_TOKEN \\(required: actions=write\\)\\.$";
  const [atOnce, afterRetries] = [1, 3];
  const refused: [string, Trouble, number, string][] = [
    ["a rate limit of an hour", primaryLimit(403, 3600), atOnce, exceeded],
    ["a secondary rate limit of ten minutes", secondaryLimit(429, 600), atOnce, secondary],
    ["a rate limit that does not end", secondaryLimit(403, 0.1), afterRetries, limit],
    ["a lasting outage", outage(), afterRetries, down],
    ["timeouts", "hang", afterRetries, slow],
    ["a proxy's page", "page", atOnce, page],
    ["an expired token", { status: 401, message: "Bad credentials" }, atOnce, expired],
    ["a token without a permission", { status: 403, ...forbidden }, atOnce, permission],
  ];
  for (const [name, trouble, requests, sentence] of refused) {
    it(`reports ${name}`, async () => {
      gitHub.troubles.push(...Array<Trouble>(4).fill(trouble));
      const { error, lines } = await captureLog(() => list());
      isFault(new RegExp(sentence))(error);
      for (const text of [messageOf(error), ...lines]) {
        assert.ok(!text.includes(token));
        assert.doesNotMatch(text, stackTrace);
      }
      assert.equal(gitHub.requests.length, requests);
    });
  }

  it("reports that GitHub cannot be reached", () => {
    const message =
      /^GET http:\/\/127\.0\.0\.1:9\/repos\/pulumi\/pulumi\/releases\?per_page=100 failed: .* Check the network/;
    return assert.rejects(list({ url: "http://127.0.0.1:9/" }), isFault(message));
  });
});

it("parseRepository accepts owner/name alone", () => {
  const repository = { owner: "spacelift-io", repo: "runner-pulumi" };
  assert.deepEqual(parseRepository("spacelift-io/runner-pulumi"), repository);
  for (const value of ["runner-pulumi", "a/b/c", "a/", "/b", "a b/c", "", undefined, 1]) {
    assert.equal(parseRepository(value), undefined, JSON.stringify(value));
  }
});

it("requireRepository reads GITHUB_REPOSITORY, and refuses a missing or malformed one", async () => {
  const read = (GITHUB_REPOSITORY: string) =>
    withEnvironment({ GITHUB_REPOSITORY }, () => Promise.resolve().then(requireRepository));
  assert.deepEqual(await read("a/b"), { owner: "a", repo: "b" });
  await assert.rejects(read(""), /^Error: Missing GITHUB_REPOSITORY\. /);
  await assert.rejects(read("runner-pulumi"), {
    message: `GITHUB_REPOSITORY "runner-pulumi" is not owner/name. Set it to this repository's name.`,
  });
});
