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
  /** Attempts after the first one fails. 3 by default, which wait for 7 seconds in all. */
  readonly retries?: number;
}

const defaultTimeout = 30_000;
const defaultRetries = 3;

/** The longest delay that a server can ask for between two attempts, in seconds. */
const maxDelay = 30;

/** Transient statuses: rate limits, and gateways or servers that fail for a moment. */
const transientStatuses = [429, 500, 502, 503, 504];

/**
 * Fetches a URL and reads the whole body. Retries transient statuses and failed connections, also those that break in the
 * middle of the body, after 1, 2 and 4 seconds or after what Retry-After asks for.
 * @returns the last response, whatever its status
 * @throws {Fault} if there was no response: it names the URL and the cause
 */
export async function fetchWithRetry(
  url: string,
  { retries = defaultRetries, ...request }: ReadRequest = {},
  sleep: Sleep = setTimeout,
): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await send(url, request);
    if (attempt < retries && isTransient(outcome)) {
      await sleep(delayBefore(attempt, outcome) * 1000);
      continue;
    }
    if (outcome instanceof Response) return outcome;
    throw new Fault(`Could not reach ${url}: ${messageOf(causeOf(outcome.error))}`);
  }
}

/**
 * Asks for a URL without its body.
 * @returns why it is not available, such as "it answers 404"; undefined if it is
 */
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

async function send(
  url: string,
  { method = "GET", headers = {}, timeout = defaultTimeout }: ReadRequest,
): Promise<Outcome> {
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
  return outcome instanceof Response ? transientStatuses.includes(outcome.status) : isConnectionError(outcome.error);
}

/**
 * Such as ECONNREFUSED, or UND_ERR_SOCKET if the body ends early. ERR_… is not transient: an invalid URL or certificate.
 * A timeout's code is a number.
 */
function isConnectionError(error: unknown): boolean {
  const { code } = Object(causeOf(error)) as { code?: unknown };
  return typeof code === "string" && !code.startsWith("ERR_");
}

/** In seconds: 1, 2, 4, …; more if the server asks for more, up to the maximum. */
function delayBefore(attempt: number, outcome: Outcome): number {
  const asked = outcome instanceof Response ? Number(outcome.headers.get("retry-after")) : 0;
  return Math.min(Math.max(2 ** attempt, asked || 0), maxDelay);
}
