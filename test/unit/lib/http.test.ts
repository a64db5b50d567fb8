import assert from "node:assert/strict";
import { type IncomingMessage, createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { type IdempotentRequest, fetchWithRetry, whyUnavailable } from "../../../lib/http";
import { type FullAnswer, closedUrl, inOrder, serve } from "../../helpers/http";
import { withoutJitter } from "../../helpers/skipDelays";

describe("fetchWithRetry", () => {
  let delays: number[];
  let requests: number;
  beforeEach(() => {
    delays = [];
    requests = 0;
  });

  /** Fetches a URL, and records the delays instead of waiting. */
  function fetchNow(url: string, request?: IdempotentRequest): Promise<Response> {
    return fetchWithRetry(url, request, (milliseconds) => Promise.resolve(delays.push(milliseconds)));
  }

  /** Starts a server that counts its requests. */
  async function open(answer: (request: IncomingMessage) => FullAnswer | undefined): Promise<string> {
    const { url, server } = await serve(answer);
    server.prependListener("request", () => requests++);
    return url;
  }

  /** Asserts that a request fails with its URL and a cause after these delays. */
  async function fails(
    url: string,
    cause: RegExp,
    expected: readonly number[],
    request?: IdempotentRequest,
  ): Promise<void> {
    await assert.rejects(fetchNow(url, request), ({ message }: Error) => {
      assert.ok(message.startsWith(`Could not reach ${url}: `), message);
      return cause.test(message);
    });
    assert.deepEqual(withoutJitter(delays.splice(0)), expected);
  }

  for (const [statuses, behaviour, expected] of [
    [[429, 500, 502, 503, 504], "three times, then returns it with its body", [1000, 2000, 4000]],
    [[200, 204, 400, 401, 403, 404], "not, and returns it at once", []],
  ] as const) {
    for (const status of statuses) {
      it(`retries ${status} ${behaviour}`, async () => {
        const body = status === 204 ? "" : "busy";
        const url = await open(() => ({ status, body }));
        const response = await fetchNow(`${url}/x`);
        assert.deepEqual([response.status, await response.text(), response.url], [status, body, `${url}/x`]);
        assert.deepEqual([requests, withoutJitter(delays)], [expected.length + 1, expected]);
      });
    }
  }

  it("waits as long as Retry-After asks for, 30 seconds at most", async () => {
    const busy = (after: string) => ({ status: 429, headers: { "retry-after": after } });
    const url = await open(inOrder(busy("7"), busy("3600"), busy("Wed, 21 Oct 2026 07:28:00 GMT"), {}));
    assert.equal((await fetchNow(url)).status, 200);
    assert.deepEqual(withoutJitter(delays), [7000, 30_000, 4000]);
  });

  const truncated = { headers: { "content-length": "100", connection: "close" }, body: "half" };
  const broken: [string, Parameters<typeof open>[0]][] = [
    ["a connection that is closed without a response", ({ socket }) => void socket.destroy()],
    ["a truncated body", () => truncated],
  ];
  for (const [name, answer] of broken) {
    it(`retries ${name}`, async () => {
      const url = await open((request) => (requests === 1 ? answer(request) : { body: "whole" }));
      assert.equal(await (await fetchNow(url)).text(), "whole");
      assert.deepEqual(withoutJitter(delays), [1000]);
    });
  }

  it("reports a body that stays truncated, and a server that refuses connections", async () => {
    await fails(await open(() => truncated), /./, [1000, 2000, 4000]);
    assert.equal(requests, 4);
    await fails(await closedUrl(), /ECONNREFUSED/, [1000, 2000, 4000]);
  });

  it("retries as often as `retries` says", async () => {
    const url = await open(() => ({ status: 503 }));
    assert.equal((await fetchNow(url, { retries: 0 })).status, 503);
    assert.deepEqual([requests, delays], [1, []]);
    await fails(await closedUrl(), /ECONNREFUSED/, [1000], { retries: 1 });
  });

  for (const [name, start] of [
    ["response", ""],
    ["body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"],
  ] as const) {
    it(`retries after a timeout of the ${name}, and reports it`, async () => {
      const url = await open(({ socket }) => void socket.write(start));
      await fails(url, /no answer for 0\.1 s$/, [1000], { timeout: 100, retries: 1 });
      assert.equal(requests, 2);
    });
  }

  it("has no timeout as long as `read` reports progress", async () => {
    const { url } = await serve(() => undefined);
    const slow = createServer((_, response) => {
      let left = 6;
      const timer = setInterval(() => (--left < 0 ? (clearInterval(timer), response.end()) : response.write("x")), 50);
    });
    await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
    const read = async (response: Response, progress: () => unknown) => {
      let text = "";
      for await (const chunk of response.body ?? []) {
        progress();
        text += Buffer.from(chunk).toString();
      }
      return new Response(text);
    };
    const address = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
    assert.equal(await (await fetchNow(address, { timeout: 200, read })).text(), "xxxxxx");
    await fails(url, /no answer/, [], { timeout: 200, retries: 0 });
  });

  it("waits for different times, so that clients that fail together do not return together", async () => {
    const url = await open(() => ({ status: 503 }));
    await Promise.all(Array.from({ length: 5 }, () => fetchNow(url, { retries: 1 })));
    assert.equal(new Set(delays).size, 5);
  });

  for (const url of ["nowhere", "ftp://127.0.0.1/x", "http://127.0.0.1:9/a-port-that-fetch-blocks"]) {
    it(`does not retry a URL that fetch refuses: ${url}`, () => fails(url, /./, []));
  }

  it("sends method and headers", async () => {
    const url = await open(({ method, headers }) => ({ headers: { seen: `${method} ${headers.accept}` } }));
    const { headers } = await fetchNow(url, { method: "HEAD", headers: { accept: "text/x" } });
    assert.equal(headers.get("seen"), "HEAD text/x");
  });
});

it("whyUnavailable returns why a URL is not available, and does not download it", async () => {
  const { url } = await serve({ "/file": ({ method }) => ({ status: method === "HEAD" ? 200 : 400 }) });
  assert.equal(await whyUnavailable(`${url}/file`), undefined);
  assert.equal(await whyUnavailable(`${url}/other`), "it answers 404");
  assert.match((await whyUnavailable(await closedUrl(), { retries: 0 })) ?? "", /^Could not reach .*ECONNREFUSED/);
});
