import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { Octokit } from "@octokit/rest";

import { Fault, causeOf, messageOf } from "./errors";
import { log } from "./log";

/** How GitHub's API is reached. */
export interface GitHubOptions {
  /** The base URL of the API. */
  readonly url?: string;
  /** What requests are authorized with. Without it, what is public can be read, 60 times an hour. */
  readonly token?: string;
  /** How long one request may take, in milliseconds. */
  readonly timeout?: number;
  /** How long it is waited before a request that failed is sent again, in milliseconds; before the second time, four times as long. */
  readonly pause?: number;
}

/** What GitHub's API refused, or why it did not answer. */
export class GitHubFault extends Fault {}

const retries = 2;
/** A run that waits costs money, and the next one is near. */
const longestWait = 5 * 60;

const Client = Octokit.plugin(throttling, retry);

/**
 * A client of GitHub's API. It asks again, twice at most: after a pause where GitHub fails or does not answer in time, and
 * when the limit is over where a rate limit lasts five minutes at most. That goes for writes too; give
 * `request: { retries: 0 }` with one that must not be sent twice. Its requests throw a GitHubFault that names the URL, what
 * it answers and the remedy.
 */
export function openGitHub(options: GitHubOptions = {}): Octokit {
  const { url = "https://api.github.com", token, timeout = 30_000, pause = 1000 } = options;
  const octokit = new Client({
    auth: token,
    baseUrl: url.replace(/\/+$/, ""),
    userAgent: "runner-pulumi",
    request: { fetch: fetchWithin(timeout) },
    // Those that another try does not change, and 403 and 429, which are left to `throttle`.
    retry: { retries, retryAfterBaseValue: pause, doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451] },
    throttle: { onRateLimit: waitForLimit, onSecondaryRateLimit: waitForLimit },
    log: { debug: ignore, info: ignore, warn: sayGitHub, error: sayGitHub },
  });
  // The hook that is added last is the outermost: it sees what is left after all tries.
  octokit.hook.wrap("request", async (request, asked) => {
    try {
      const response = await request(asked);
      if (response.status === 200) requireData(response);
      return response;
    } catch (error) {
      throw toFault(error, token !== undefined);
    }
  });
  return octokit;
}

/** The client that a workflow's environment asks for: GITHUB_API_URL and GITHUB_TOKEN, where they are set. */
export function gitHubFromEnvironment(env: NodeJS.ProcessEnv = process.env): Octokit {
  return openGitHub({ url: env["GITHUB_API_URL"] || undefined, token: env["GITHUB_TOKEN"] || undefined });
}

function ignore(): void {
  // Requests that succeed are not worth a line.
}

function sayGitHub(...texts: unknown[]): void {
  log("GitHub", texts.map((text) => messageOf(text)).join(" "));
}

/** A fetch that takes this long at most, with the body: octokit takes a body that breaks off for an empty list. */
function fetchWithin(timeout: number): typeof fetch {
  return async (input, init) => {
    const limit = AbortSignal.timeout(timeout);
    const signal = init?.signal ? AbortSignal.any([init.signal, limit]) : limit;
    const response = await fetch(input, { ...init, signal });
    const { status, statusText, headers } = response;
    const body = await response.arrayBuffer();
    const whole = new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
    return Object.defineProperty(whole, "url", { value: response.url });
  };
}

/** Throws a GitHubFault where an answer that should hold something is empty or no JSON: a proxy's page, for one. */
function requireData({ url, status, headers, data }: { url: string; status: number; headers: object; data: unknown }) {
  const type = (headers as Record<string, unknown>)["content-type"];
  if (typeof data !== "string" || (data !== "" && !/json|html/.test(String(type)))) return;
  throw new GitHubFault(
    `${url} answers ${status} with something that is not JSON: ${JSON.stringify(data.slice(0, 80))}. ` +
      `Check GITHUB_API_URL and the network, then retry.`,
  );
}

function waitForLimit(seconds: number, _options: object, _octokit: unknown, tries: number): boolean {
  const wait = tries < retries && seconds <= longestWait;
  if (wait) log("GitHub", `rate limit: asking again in ${seconds} s`);
  return wait;
}

/** octokit's RequestError, as far as it is read here. */
interface Failure extends Error {
  readonly status: number;
  readonly request: { readonly method: string; readonly url: string };
  readonly response?: { readonly headers: Readonly<Record<string, string | number | undefined>> };
}

function isFailure(error: unknown): error is Failure {
  return error instanceof Error && "request" in error && "status" in error;
}

function toFault(error: unknown, authorized: boolean): unknown {
  if (!isFailure(error)) return error;
  const { status, request, response } = error;
  const asked = `${request.method} ${request.url}`;
  if (response === undefined) {
    return new GitHubFault(
      `${asked} cannot be reached: ${messageOf(causeOf(error))}. Check the network and ` +
        `https://www.githubstatus.com, then retry; a scheduled run makes up for it.`,
    );
  }
  const answer = `${asked} answers ${status}: ${error.message}.`;
  if (isLimit(error)) return new GitHubFault(`${answer} ${limitSentence(error, authorized)}`);
  return new GitHubFault(`${answer} ${remedy(error)}`);
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
function isLimit({ status, response, message }: Failure): boolean {
  const headers = response?.headers ?? {};
  if (status !== 403 && status !== 429) return false;
  return (
    status === 429 ||
    headers["retry-after"] !== undefined ||
    headers["x-ratelimit-remaining"] === "0" ||
    /\brate limit\b/i.test(message)
  );
}

function limitSentence({ response, message }: Failure, authorized: boolean): string {
  const { "retry-after": after, "x-ratelimit-reset": reset, "x-ratelimit-limit": limit } = response?.headers ?? {};
  const primary = !/secondary/i.test(message) && limit !== undefined;
  const name = primary
    ? `The rate limit, ${limit} requests an hour, is used up`
    : "The secondary rate limit is reached";
  const end = after === undefined ? Number(reset) * 1000 : Date.now() + Number(after) * 1000;
  const until = Number.isFinite(end) ? `until ${new Date(end).toISOString()}` : "for some minutes";
  const hint = authorized ? "" : " Requests with GITHUB_TOKEN have a higher one.";
  return `${name} ${until}.${hint} Retry then; a scheduled run makes up for it.`;
}

function remedy({ status, response }: Failure): string {
  if (status >= 500) return "See https://www.githubstatus.com and retry; a scheduled run makes up for it.";
  // https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
  const permissions = response?.headers["x-accepted-github-permissions"];
  const needed = permissions === undefined ? "" : ` (it needs ${permissions})`;
  return `Check what is named there, and what GITHUB_TOKEN may do${needed}.`;
}

/** Whether the value names a repository as GitHub does, owner/name. */
export function isRepository(value: unknown): value is string {
  return typeof value === "string" && /^[\w.-]+\/[\w.-]+$/.test(value);
}

/** The parts of owner/name, by the names that GitHub's API has for them. */
export function partsOf(repository: string): { owner: string; repo: string } {
  const [owner = "", repo = ""] = repository.split("/");
  return { owner, repo };
}

/** The repository that a workflow runs for, owner/name: GITHUB_REPOSITORY. Throws a Fault where it names none. */
export function repositoryFromEnvironment(env: NodeJS.ProcessEnv = process.env): string {
  const { GITHUB_REPOSITORY: repository = "" } = env;
  if (isRepository(repository)) return repository;
  throw new Fault(
    `GITHUB_REPOSITORY ${JSON.stringify(repository)} is not owner/name. Set it to this repository's name on GitHub.`,
  );
}
