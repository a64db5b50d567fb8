// A fake of GitHub's REST API on the loopback interface: releases and workflow runs, as the watch uses them. Paths, pages,
// Link headers, objects, statuses and messages have the shape of the real ones: https://docs.github.com/en/rest
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A release. */
export interface Release {
  readonly tag_name: string;
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  /** ISO 8601; seven hours ago by default. */
  readonly published_at?: string | undefined;
}

/** A run of the release workflow. */
export interface Run {
  readonly display_title: string;
  readonly status: string;
  readonly conclusion: string | null;
}

/** What a request gets instead of its answer. */
export type Trouble =
  /** A status with headers and a message. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly message: string }
  /** No answer. */
  | "hang"
  /** An answer with a truncated body. */
  | "break off"
  /** A proxy's page. */
  | "page";

/** GitHub's answer to requests that come too fast. */
export function secondaryLimit(status: 403 | 429, seconds: number): Trouble {
  return {
    status,
    headers: { "retry-after": String(seconds), "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4900" },
    message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
  };
}

/** GitHub's answer once the requests of an hour are used up, this long before the next hour begins. */
export function primaryLimit(status: 403 | 429, seconds: number): Trouble {
  const reset = Math.ceil(Date.now() / 1000) + seconds;
  return {
    status,
    headers: { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(reset) },
    message: "API rate limit exceeded for 192.0.2.1.",
  };
}

/** GitHub's usual answer when it is down. */
export function outage(): Trouble {
  return { status: 502, message: "Server Error" };
}

/** A repository with releases, another with a release workflow, and troubles on the way to both. */
export class GitHub {
  /** The releases of pulumi/pulumi, in the order of their list. */
  releases: Release[] = [];
  /** The runs of the release workflow of owner/runner-pulumi, newest first. */
  readonly runs: Run[] = [];
  /** The tags that the release workflow was dispatched with. */
  readonly dispatched: string[] = [];
  /** The method and URL of every request. */
  readonly requests: string[] = [];
  /** The troubles of the next requests, one each. */
  readonly troubles: Trouble[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param token allows dispatches */
  static async start(token: string): Promise<GitHub> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const gitHub = new GitHub(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", (request, response) => void gitHub.answer(request, response, token));
    return gitHub;
  }

  /** Stops it, with all open connections. */
  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Forgets everything. */
  clear(): void {
    this.releases = [];
    for (const list of [this.runs, this.dispatched, this.requests, this.troubles]) list.length = 0;
  }

  private async answer(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    const body = await text(request);
    this.requests.push(`${request.method} ${request.url}`);
    const trouble = this.troubles.shift();
    if (trouble !== undefined) return makeTrouble(trouble, response);
    const url = new URL(request.url ?? "", this.url);
    const path = `${request.method} ${url.pathname}`;
    const workflow = "actions/workflows/release.yml";
    // Links to further pages name a repository by its id.
    if (/^GET \/(repos\/pulumi\/pulumi|repositories\/72477752)\/releases$/.test(path)) {
      const { items, link } = pageOf(this.releases.map(fullRelease), url, "/repositories/72477752/releases");
      json(response, 200, items, link);
    } else if (
      [`GET /repos/owner/runner-pulumi/${workflow}/runs`, `GET /repositories/1/${workflow}/runs`].includes(path)
    ) {
      const { items, link } = pageOf(this.runs.map(fullRun), url, `/repositories/1/${workflow}/runs`);
      json(response, 200, { total_count: this.runs.length, workflow_runs: items }, link);
    } else if (path === `POST /repos/owner/runner-pulumi/${workflow}/dispatches`) {
      this.dispatch(body, request.headers.authorization === `token ${token}`, response);
    } else {
      refuse(response, 404, "Not Found");
    }
  }

  /** https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event */
  private dispatch(body: string, allowed: boolean, response: ServerResponse): void {
    if (!allowed) return refuse(response, 401, "Requires authentication");
    const { ref, inputs = {} } = JSON.parse(body) as { ref?: string; inputs?: Record<string, string> };
    if (ref !== "main") return refuse(response, 422, `No ref found for: ${ref}`);
    const { tag, ...others } = inputs;
    const names = JSON.stringify(Object.keys(others));
    if (tag === undefined || names !== "[]") return refuse(response, 422, `Unexpected inputs provided: ${names}`);
    this.dispatched.push(tag);
    // The run-name in release.yml.
    this.runs.unshift({ display_title: `Release ${tag}`, status: "queued", conclusion: null });
    response.writeHead(204).end();
  }
}

function makeTrouble(trouble: Trouble, response: ServerResponse): void {
  if (trouble === "hang") return;
  if (trouble === "page") {
    response.writeHead(200, { "content-type": "text/html" }).end("<html>Log in to the network</html>");
  } else if (trouble === "break off") {
    response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": "1000" });
    response.write("[");
    setTimeout(() => response.destroy(), 10);
  } else {
    json(response, trouble.status, { message: trouble.message, documentation_url: docs }, trouble.headers);
  }
}

const docs = "https://docs.github.com/rest";

function refuse(response: ServerResponse, status: number, message: string): void {
  json(response, status, { message, documentation_url: docs, status: String(status) });
}

function json(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
    .end(JSON.stringify(body));
}

/** A page of a list, and the Link header to the next: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function pageOf<T>(all: readonly T[], url: URL, path: string): { items: T[]; link: Record<string, string> } {
  const size = Math.min(Number(url.searchParams.get("per_page") ?? 30), 100);
  const page = Number(url.searchParams.get("page") ?? 1);
  const next = `<${url.origin}${path}?per_page=${size}&page=${page + 1}>; rel="next"`;
  return {
    items: all.slice((page - 1) * size, page * size),
    link: page * size < all.length ? { link: next } : {},
  };
}

function fullRelease({ tag_name, draft = false, prerelease = false, published_at }: Release, id: number) {
  const html_url = `https://github.com/pulumi/pulumi/releases/tag/${tag_name}`;
  const published = published_at ?? new Date(Date.now() - 7 * 3_600_000).toISOString();
  return {
    id,
    html_url,
    tag_name,
    name: tag_name,
    draft,
    prerelease,
    published_at: draft ? null : published,
    body: "",
  };
}

function fullRun(run: Run, index: number, { length }: readonly unknown[]) {
  const id = length - index;
  const html_url = `https://github.com/owner/runner-pulumi/actions/runs/${id}`;
  return { id, html_url, name: "release", event: "push", run_attempt: 1, created_at: "2026-11-18T14:00:00Z", ...run };
}
