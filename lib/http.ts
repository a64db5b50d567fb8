import { setTimeout } from "node:timers/promises";

import { Fault, causeOf, messageOf } from "./errors";

/** Waits for this many milliseconds. Unit tests pass one that returns at once. */
export type Sleep = (milliseconds: number) => Promise<unknown>;

/** A request that has the same effect if it is sent again. */
export interface IdempotentRequest {
  readonly method?: "GET" | "HEAD" | "PUT";
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Timeout of one attempt in milliseconds, body included, unless `read` reports progress. 30 seconds by default. */
  readonly timeout?: number;
  /** 3 by default, which wait for 7 to 11 seconds in all. */
  readonly retries?: number;
  /** Reads the body, by default all of it into memory, and restarts the timeout by `progress`. Returns a response that needs no connection. */
  readonly read?: (response: Response, progress: () => unknown) => Promise<Response>;
}

/** Rate limits, and gateways or servers that fail for a moment. */
const transientStatuses = [429, 500, 502, 503, 504];
/** The longest delay that a server can ask for between two attempts, in seconds. */
const maxDelay = 30;

/**
 * Fetches a URL and reads the whole body. Retries transient statuses, timeouts and connections that fail, also in the middle of
 * the body, after 1, 2 and 4 seconds and up to half as much, or what Retry-After asks for: clients that fail at the same time
 * do not return at the same time. Returns the last response, whatever its status.
 * @throws {Fault} with the URL and the cause if there is none
 */
export async function fetchWithRetry(
  url: string,
  { retries = 3, ...request }: IdempotentRequest = {},
  sleep: Sleep = setTimeout,
): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    let requestedDelay = 0;
    try {
      const response = await fetchOnce(url, request);
      if (attempt >= retries || !transientStatuses.includes(response.status)) return response;
      requestedDelay = Number(response.headers.get("retry-after")) || 0;
    } catch (error) {
      const cause = causeOf(error);
      if (attempt >= retries || !isTransient(cause)) throw new Fault(`Could not reach ${url}: ${messageOf(cause)}`);
    }
    await sleep(Math.min(Math.max(delayAfter(attempt), requestedDelay), maxDelay) * 1000);
  }
}

/** The delay in seconds after an attempt, the first of which is 0: 1, 2, 4 and so on, and up to half as much more. */
export const delayAfter = (attempt: number) => 2 ** attempt * (1 + Math.random() / 2);

async function fetchOnce(
  url: string,
  { method = "GET", headers = {}, timeout = 30_000, read = readWhole, body }: Omit<IdempotentRequest, "retries">,
): Promise<Response> {
  const controller = new AbortController();
  const reason = new DOMException(`no answer for ${timeout / 1000} s`, "TimeoutError");
  const timer = globalThis.setTimeout(() => controller.abort(reason), timeout);
  try {
    const request = { method, headers, ...(body === undefined ? {} : { body }), signal: controller.signal };
    return await read(await fetch(url, request), () => timer.refresh());
  } finally {
    clearTimeout(timer);
  }
}

/** Why a URL is not available, such as "it answers 404"; undefined if it is. Does not request its body. */
export async function whyUnavailable(url: string, request: Omit<IdempotentRequest, "method" | "body"> = {}) {
  const answer = fetchWithRetry(url, { ...request, method: "HEAD" });
  return answer.then(({ ok, status }) => (ok ? undefined : `it answers ${status}`), messageOf);
}

/** Reads the body now, so that a truncated one is an error of this attempt. */
export async function readWhole(response: Response): Promise<Response> {
  const { status, statusText, headers, url } = response;
  const body = await response.arrayBuffer();
  const whole = new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
  return Object.defineProperty(whole, "url", { value: url });
}

function isTransient(error: unknown): boolean {
  // ECONNREFUSED, or UND_ERR_SOCKET if the body ends early. Invalid URLs and certificates have other codes.
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  if (name === "TimeoutError") return true;
  return typeof code === "string" && /^(E(?!RR_)|UND_ERR_)/.test(code);
}
