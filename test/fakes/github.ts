// A fake of GitHub's REST API on the loopback interface: releases and workflow runs, as the watch uses them. Paths, pages,
// Link headers, statuses and messages are those of the real one, objects as far as they are read: https://docs.github.com/en/rest
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import { type FullAnswer, serve } from "../helpers/http";

/** A release; published seven hours ago by default. */
interface Release {
  readonly tag_name: string;
  readonly published_at?: string | undefined;
}

/** A run of the release workflow. */
interface Run {
  readonly display_title: string;
  readonly status: string;
  readonly conclusion: string | null;
}

/** What a request gets instead of its answer. */
export type Trouble =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly message: string }
  | keyof typeof troubles;

const troubles = {
  hang: undefined,
  "break off": {
    headers: { "content-type": "application/json", "content-length": "1000", connection: "close" },
    body: "[",
  },
  /** A proxy's. */
  page: { headers: { "content-type": "text/html" }, body: "<html>Log in to the network</html>" },
} as const;

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

const workflow = "/actions/workflows/release.yml";

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
  /** The troubles of the next requests, one each; undefined is none. */
  readonly troubles: (Trouble | undefined)[] = [];
  readonly url: string = "";

  private constructor(private readonly token: string) {}

  /** @param token allows dispatches */
  static async start(token: string): Promise<GitHub> {
    const gitHub = new GitHub(token);
    const { url } = await serve((request) => gitHub.answer(request));
    return Object.assign(gitHub, { url });
  }

  /** Forgets everything. */
  clear(): void {
    this.releases = [];
    for (const list of [this.runs, this.dispatched, this.requests, this.troubles]) list.length = 0;
  }

  private async answer(request: IncomingMessage): Promise<FullAnswer | undefined> {
    this.requests.push(`${request.method} ${request.url}`);
    const trouble = this.troubles.shift();
    if (typeof trouble === "string") return troubles[trouble];
    if (trouble !== undefined) return refuse(trouble.status, trouble.message, trouble.headers);
    const url = new URL(request.url ?? "", this.url);
    switch (`${request.method} ${url.pathname}`) {
      // Links to further pages name a repository by its id.
      case "GET /repos/pulumi/pulumi/releases":
      case "GET /repositories/72477752/releases": {
        const sevenHoursAgo = new Date(Date.now() - 7 * 3_600_000).toISOString();
        const releases = this.releases.map(({ tag_name, published_at = sevenHoursAgo }) => {
          return { tag_name, draft: false, prerelease: false, published_at };
        });
        return pageOf(releases, url, "/repositories/72477752/releases", (items) => items);
      }
      case `GET /repos/owner/runner-pulumi${workflow}/runs`:
      case `GET /repositories/1${workflow}/runs`: {
        const total_count = this.runs.length;
        const html_url = (index: number) =>
          `https://github.com/owner/runner-pulumi/actions/runs/${total_count - index}`;
        const runs = this.runs.map((run, index) => ({ ...run, html_url: html_url(index) }));
        const list = (workflow_runs: unknown) => ({ total_count, workflow_runs });
        return pageOf(runs, url, `/repositories/1${workflow}/runs`, list);
      }
      case `POST /repos/owner/runner-pulumi${workflow}/dispatches`:
        if (request.headers.authorization !== `token ${this.token}`) return refuse(401, "Requires authentication");
        return this.dispatch(JSON.parse(await text(request)) as { ref?: string; inputs?: Record<string, string> });
      default:
        return refuse(404, "Not Found");
    }
  }

  /** https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event */
  private dispatch({ ref, inputs = {} }: { ref?: string; inputs?: Record<string, string> }): FullAnswer {
    if (ref !== "main") return refuse(422, `No ref found for: ${ref}`);
    const { tag, ...others } = inputs;
    const names = JSON.stringify(Object.keys(others));
    if (tag === undefined || names !== "[]") return refuse(422, `Unexpected inputs provided: ${names}`);
    this.dispatched.push(tag);
    // The run-name in release.yml.
    this.runs.unshift({ display_title: `Release ${tag}`, status: "queued", conclusion: null });
    return { status: 204 };
  }
}

function refuse(status: number, message: string, headers?: Readonly<Record<string, string>>): FullAnswer {
  return json({ message, documentation_url: "https://docs.github.com/rest", status: String(status) }, headers, status);
}

function json(body: unknown, headers?: Readonly<Record<string, string>>, status = 200): FullAnswer {
  const type = { "content-type": "application/json; charset=utf-8" };
  return { status, headers: { ...type, ...headers }, body: JSON.stringify(body) };
}

/** A page of a list, and the Link header to the next: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function pageOf<T>(all: readonly T[], url: URL, path: string, toBody: (items: readonly T[]) => unknown): FullAnswer {
  const size = Math.min(Number(url.searchParams.get("per_page") ?? 30), 100);
  const page = Number(url.searchParams.get("page") ?? 1);
  const next = `<${url.origin}${path}?per_page=${size}&page=${page + 1}>; rel="next"`;
  const items = all.slice((page - 1) * size, page * size);
  return json(toBody(items), page * size < all.length ? { link: next } : {});
}
