import assert from "node:assert/strict";
import { type IncomingMessage, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { RepositoryClient, repositoryClients } from "../../../../lib/oci/repositoryClient";
import { fetchWithRetry } from "../../../../lib/http";
import { type FullAnswer, serve } from "../../../helpers/http";

describe("the tags of a repository", () => {
  it("are those of all pages, and none where the registry does not know it", async () => {
    const { url, server } = await serve({
      "/v2/many/tags/list": (request) =>
        request.url?.includes("last=b")
          ? { body: JSON.stringify({ tags: ["c"] }) }
          : {
              body: JSON.stringify({ tags: ["a", "b"] }),
              headers: { link: '</v2/many/tags/list?last=b&n=2>; rel="next"' },
            },
      "/v2/empty/tags/list": JSON.stringify({ tags: null }),
      "/v2/broken/tags/list": 500,
    });
    const registry = url.replace("http://", "");
    const tags = (name: string) => new RepositoryClient(`${registry}/${name}`).tags();
    assert.deepEqual(await tags("many"), ["a", "b", "c"]);
    assert.deepEqual(await tags("empty"), []);
    assert.deepEqual(await tags("unknown"), []);
    await assert.rejects(tags("broken"), /answers 500/);
    server.close();
  });
});

describe("a client of a repository", () => {
  let server: Server | undefined;
  let pauses: number[];

  beforeEach(() => {
    server = undefined;
    pauses = [];
  });
  afterEach(() => server?.close());

  /** A client of a registry that answers so, and the paths that it is asked for. It notes pauses, and makes none. */
  async function open(answer: (request: IncomingMessage, url: string) => FullAnswer) {
    const asked: string[] = [];
    let url = "";
    ({ url, server } = await serve((request) => {
      asked.push((request.url ?? "").replace(/\?.*$/, ""));
      return answer(request, url);
    }));
    return { asked, client: client(url) };
  }

  function client(url: string): RepositoryClient {
    const pause = (milliseconds: number) => Promise.resolve(pauses.push(milliseconds));
    return new RepositoryClient(`${url.replace("http://", "")}/x`, undefined, pause);
  }

  const found = { headers: { "docker-content-digest": "sha256:a" } };

  /** Answers in order, the last one from then on. */
  function inOrder(...answers: FullAnswer[]): () => FullAnswer {
    return () => (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
  }

  /** Wants a token for everything, a newer one than the given ones after so many answers. */
  function withTokens(answersPerToken: number): (request: IncomingMessage, url: string) => FullAnswer {
    let tokens = 0;
    let left = 0;
    return (request, url) => {
      if (request.url?.startsWith("/token") === true) {
        left = answersPerToken;
        return { body: JSON.stringify({ token: String(++tokens) }) };
      }
      if (left-- > 0 && request.headers.authorization === `Bearer ${tokens}`) return found;
      return { status: 401, headers: { "www-authenticate": `Bearer realm="${url}/token",service="s",scope="aws"` } };
    };
  }

  it("asks for a token once", async () => {
    const { asked, client } = await open(withTokens(100));
    for (const tag of ["a", "b", "c"]) assert.equal(await client.digest(tag), "sha256:a");
    assert.deepEqual(asked, ["a", "token", "a", "b", "c"].map(pathOf));
  });

  it("asks for another token where its own is refused", async () => {
    const { asked, client } = await open(withTokens(1));
    for (const tag of ["a", "b"]) assert.equal(await client.digest(tag), "sha256:a");
    assert.deepEqual(asked, ["a", "token", "a", "b", "token", "b"].map(pathOf));
  });

  function pathOf(name: string): string {
    return name === "token" ? "/token" : `/v2/x/manifests/${name}`;
  }

  it("waits as long as a busy registry asks for, within reason", async () => {
    const busy = (seconds: string) => ({ status: 429, headers: { "retry-after": seconds } });
    const { client } = await open(inOrder(busy("7"), busy("3600"), busy("Wed, 21 Oct 2026 07:28:00 GMT"), found));
    assert.equal(await client.digest("a"), "sha256:a");
    assert.deepEqual(pauses, [7000, 30_000, 4000]);
  });

  for (const status of [429, 502, 503, 504]) {
    it(`gives up after a few answers ${status}, and says it`, async () => {
      const { asked, client } = await open(() => ({ status, body: "busy" }));
      await assert.rejects(client.manifest("a"), new RegExp(`/v2/x/manifests/a answers ${status} busy$`));
      assert.equal(asked.length, 4);
      assert.deepEqual(pauses, [1000, 2000, 4000]);
    });
  }

  for (const status of [404, 403, 500]) {
    it(`takes ${status} for an answer`, async () => {
      const { asked, client } = await open(() => ({ status }));
      const asks = [client.digest("a"), client.manifest("a"), client.exists()];
      const answers = asks.map((ask) => ask.catch((error: Error) => error.message.replace(/.* answers /, "")));
      const absent = [undefined, undefined, false];
      assert.deepEqual(await Promise.all(answers), status === 404 ? absent : absent.map(() => String(status)));
      assert.deepEqual([asked.length, pauses], [3, []]);
    });
  }

  it("tries again where the connection is cut, and asks a busy token server again too", async () => {
    let cut = 0;
    const tokens = inOrder({ status: 503 }, { body: '{"token":"given"}' });
    const { client } = await open((request, url) => {
      if (cut++ < 1) request.socket.destroy();
      if (request.url?.startsWith("/token") === true) return tokens();
      if (request.headers.authorization === "Bearer given") return found;
      return { status: 401, headers: { "www-authenticate": `Bearer realm="${url}/token"` } };
    });
    assert.equal(await client.digest("a"), "sha256:a");
    assert.deepEqual(pauses, [1000, 1000]);
  });

  it("gives up at once where an answer takes too long", async () => {
    server = createServer(() => undefined);
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const request = { method: "GET", headers: {}, patience: 50 } as const;
    const pause = (milliseconds: number) => Promise.resolve(pauses.push(milliseconds));
    await assert.rejects(fetchWithRetry(`http://127.0.0.1:${port}/`, request, pause), /cannot be reached: .*timeout/);
    assert.deepEqual(pauses, []);
  });

  it("says what it could not reach, be it the registry or who gives its tokens", async () => {
    const nowhere = await closedUrl();
    await assert.rejects(client(nowhere).digest("a"), /\/v2\/x\/manifests\/a cannot be reached: .*ECONNREFUSED/);
    assert.deepEqual(pauses, [1000, 2000, 4000]);
    const challenge = { "www-authenticate": `Bearer realm="${nowhere}/token",service="s"` };
    const { client: other } = await open(() => ({ status: 401, headers: challenge }));
    await assert.rejects(other.digest("a"), /\/token\?service=s&scope= cannot be reached: .*ECONNREFUSED/);
  });

  it("is the same one for the same repository", () => {
    const clientOf = repositoryClients();
    assert.equal(clientOf("localhost:5000/x"), clientOf("localhost:5000/x"));
    assert.equal(clientOf("localhost:5000/y").repository, "localhost:5000/y");
  });
});

/** A URL on the loopback interface that nothing listens at. */
async function closedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
