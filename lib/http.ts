import { setTimeout } from "node:timers/promises";

import { Fault, causeOf, messageOf } from "./errors";

/** Waits for this many milliseconds. Unit tests pass one that returns at once. */
export type Sleep = (milliseconds: number) => Promise<unknown>;

/** A request that changes nothing on the server, so it is safe to send again. */
export interface ReadRequest {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** Timeout of one attempt in milliseconds, body included. 30 seconds by default. */
  readonly timeout?: number;
  /** 3 by default, which wait for 7 seconds in all. */
  readonly retries?: number;
}

/** Rate limits, and gateways or servers that fail for a moment. */
const transientStatuses = [429, 500, 502, 503, 504];
/** The longest delay that a server can ask for between two attempts, in seconds. */
const maxDelay = 30;

/**
 * Fetches a URL and reads the whole body. Retries transient statuses and connections that fail, also in the middle of the
 * body, after 1, 2 and 4 seconds or what Retry-After asks for. Returns the last response, whatever its status.
 * @throws {Fault} with the URL and the cause if there is none
 */
export async function fetchWithRetry(
  url: string,
  { retries = 3, ...request }: ReadRequest = {},
  sleep: Sleep = setTimeout,
): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await send(url, request);
    if (attempt < retries && isTransient(outcome)) await sleep(delayBefore(attempt, outcome) * 1000);
    else if (outcome instanceof Response) return outcome;
    else throw new Fault(`Could not reach ${url}: ${messageOf(causeOf(outcome.error))}`);
  }
}

/** Why a URL is not available, such as "it answers 404"; undefined if it is. Does not request its body. */
export async function whyUnavailable(
  url: string,
  request: Omit<ReadRequest, "method"> = {},
): Promise<string | undefined> {
  return fetchWithRetry(url, { ...request, method: "HEAD" }).then(
    ({ ok, status }) => (ok ? undefined : `it answers ${status}`),
    (error: unknown) => messageOf(error),
  );
}

type Outcome = Response | { readonly error: unknown };

async function send(url: string, { method = "GET", headers = {}, timeout = 30_000 }: ReadRequest): Promise<Outcome> {
  try {
    return await readWhole(await fetch(url, { method, headers, signal: AbortSignal.timeout(timeout) }));
  } catch (error) {
    return { error };
  }
}

/** Reads the body now, so that a truncated one is an error of this attempt. */
export async function readWhole(response: Response): Promise<Response> {
  const { status, statusText, headers, url } = response;
  const body = await response.arrayBuffer();
  const whole = new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
  return Object.defineProperty(whole, "url", { value: url });
}

function isTransient(outcome: Outcome): boolean {
  if (outcome instanceof Response) return transientStatuses.includes(outcome.status);
  // ECONNREFUSED, or UND_ERR_SOCKET if the body ends early. Invalid URLs and certificates have other codes, timeouts a number.
  const { code } = Object(causeOf(outcome.error)) as { code?: unknown };
  return typeof code === "string" && /^(E(?!RR_)|UND_ERR_)/.test(code);
}

/** In seconds: 1, 2, 4, …; more if the server asks for more, up to the maximum. */
function delayBefore(attempt: number, outcome: Outcome): number {
  const asked = outcome instanceof Response ? Number(outcome.headers.get("retry-after")) : 0;
  return Math.min(Math.max(2 ** attempt, asked || 0), maxDelay);
}
