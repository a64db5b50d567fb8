import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { Octokit } from "@octokit/rest";

import { requireVariables } from "./environmentVariables";
import { Fault, causeOf, messageOf } from "./errors";
import { readWhole } from "./http";
import { log } from "./log";

/** A repository, named as in GitHub's API. */
export type Repository = Readonly<Record<"owner" | "repo", string>>;

/** Parses owner/name; undefined if the value has another form. */
export function parseRepository(value: unknown): Repository | undefined {
  const [, owner, repo] = /^([\w.-]+)\/([\w.-]+)$/.exec(typeof value === "string" ? value : "") ?? [];
  return owner === undefined || repo === undefined ? undefined : { owner, repo };
}

/** Reads the repository that a workflow runs for. @throws {Fault} if GITHUB_REPOSITORY is missing or not owner/name */
export function requireRepository(): Repository {
  const { GITHUB_REPOSITORY: name } = requireVariables(["GITHUB_REPOSITORY"]);
  const repository = parseRepository(name);
  if (repository !== undefined) return repository;
  throw new Fault(`GITHUB_REPOSITORY ${JSON.stringify(name)} is not owner/name. Set it to this repository's name.`);
}

/** In milliseconds: timeout of one attempt, body included; delay before the first retry, a fourth of the second's. */
type Times = Readonly<{ timeout?: number; retryDelay?: number }>;
type GitHubOptions = Times & Readonly<Partial<Record<"url" | "token", string | undefined>>>;

const retries = 2;
/** Statuses that a retry does not change, and the rate limits 403 and 429, which `throttle` handles. */
const doNotRetry = [400, 401, 403, 404, 409, 410, 422, 429, 451];
const statusPage = "https://www.githubstatus.com";

const Client = Octokit.plugin(throttling, retry);

/** Creates a client of GitHub's API that retries twice, also after a short rate limit. It throws Faults with a remedy. */
export function openGitHub({ url, token, timeout = 30_000, retryDelay = 1000 }: GitHubOptions = {}): Octokit {
  const octokit = new Client({
    // Without a token, public data can be read 60 times an hour.
    auth: token,
    baseUrl: (url ?? "https://api.github.com").replace(/\/+$/, ""),
    userAgent: "runner-pulumi",
    request: { fetch: fetchWithin(timeout) },
    retry: { retries, retryAfterBaseValue: retryDelay, doNotRetry },
    throttle: { onRateLimit: waitForLimit, onSecondaryRateLimit: waitForLimit },
    log: { debug: () => undefined, info: () => undefined, warn: logGitHub, error: logGitHub },
  });
  // Hooks that are added last are the outermost: they see what is left after all retries.
  octokit.hook.error("request", (error) => {
    if (!("request" in error)) throw error;
    const { request, response, status, message } = error;
    const problem = response
      ? `answers ${status}: ${message}. ${remedyOf(status, message, response.headers)}`
      : `failed: ${messageOf(causeOf(error))}. Check the network and ${statusPage}, then retry.`;
    throw new Fault(`${request.method} ${request.url} ${problem}`);
  });
  octokit.hook.after("request", requireJson);
  return octokit;
}

const logGitHub = (text: string) => log("GitHub", text);

/** fetch with a timeout that covers the body: octokit treats a truncated body as an empty list. */
function fetchWithin(timeout: number): typeof fetch {
  return async (input, init) => readWhole(await fetch(input, { ...init, signal: AbortSignal.timeout(timeout) }));
}

function waitForLimit(seconds: number, _options: object, _octokit: unknown, attempt: number): boolean {
  // A run that waits costs money.
  const wait = attempt < retries && seconds <= 5 * 60;
  if (wait) logGitHub(`rate limit: retrying in ${seconds} s`);
  return wait;
}

function remedyOf(status: number, message: string, headers: Readonly<Record<string, unknown>>): string {
  if (status >= 500) return `See ${statusPage}, then retry.`;
  if (/\brate limit\b/i.test(message)) return "Retry later, and set GITHUB_TOKEN, which has a higher limit.";
  // https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
  const { "x-accepted-github-permissions": required } = headers;
  const needed = typeof required === "string" ? ` (required: ${required})` : "";
  return `Check the names in the URL and the permissions of GITHUB_TOKEN${needed}.`;
}

/** Fails on a text, such as a proxy's login page. */
function requireJson({ url, status, data }: { url: string; status: number; data: unknown }): void {
  if (status !== 200 || typeof data !== "string") return;
  const start = JSON.stringify(data.slice(0, 80));
  throw new Fault(`${url} answers 200, but not with JSON: ${start}. Check GITHUB_API_URL and the network, then retry.`);
}
