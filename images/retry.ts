import { setTimeout } from "node:timers/promises";

import { causeOf } from "./errors";

/** Waits for so many milliseconds. Unit tests give one that does not. */
export type Pause = (milliseconds: number) => Promise<unknown>;

/** A request that changes nothing, and can be sent again. */
export interface ReadRequest {
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  /** For the whole answer, in milliseconds. */
  readonly patience: number;
}

/** How long is waited before each further try, in seconds, where the server does not say it. */
const pauses = [1, 2, 4];

/** No server makes a release wait longer than this between two tries, in seconds. */
const longestPause = 30;

/** Too many requests, and what stands before a server that is down or starting: a moment later it may answer. */
const passing = [429, 502, 503, 504];

/**
 * Sends a request, and again where the server is busy or the connection fails. Gives the last answer, whatever it is.
 * Throws an Error that names the URL where there is none.
 */
export async function fetchPatiently(url: string, request: ReadRequest, pause: Pause = setTimeout): Promise<Response> {
  let answer = await send(url, request);
  for (const usual of pauses) {
    if (!mayPass(answer)) break;
    await pause(pauseAfter(answer, usual) * 1000);
    answer = await send(url, request);
  }
  if (answer instanceof Response) return answer;
  throw new Error(`${url} cannot be reached: ${String(causeOf(answer.error))}`);
}

/** What became of a request: an answer, or why there is none. */
type Outcome = Response | { readonly error: unknown };

function send(url: string, { method, headers, patience }: ReadRequest): Promise<Outcome> {
  return fetch(url, { method, headers, signal: AbortSignal.timeout(patience) }).catch((error: unknown) => ({ error }));
}

function mayPass(answer: Outcome): boolean {
  return answer instanceof Response ? passing.includes(answer.status) : isConnectionError(answer.error);
}

/** Such as ECONNREFUSED. Neither an answer that took too long nor a URL that fetch refuses has a code in words. */
function isConnectionError(error: unknown): boolean {
  const { code } = Object(causeOf(error)) as { code?: unknown };
  return typeof code === "string";
}

/** The pause that a server asks for, as far as it is a number of seconds; at least the usual one. */
function pauseAfter(answer: Outcome, usual: number): number {
  const asked = answer instanceof Response ? Number(answer.headers.get("retry-after")) : 0;
  return Math.min(Math.max(usual, asked || 0), longestPause);
}
