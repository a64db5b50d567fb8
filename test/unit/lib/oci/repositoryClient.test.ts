import assert from "node:assert/strict";
import type { IncomingMessage, Server } from "node:http";

import {
  type Credentials,
  RefusedError,
  RepositoryClient,
  repositoryClients,
} from "../../../../lib/oci/repositoryClient";
import { type FullAnswer, closedUrl, inOrder, serve } from "../../../helpers/http";

describe("RepositoryClient", () => {
  let server: Server | undefined;
  let delays: number[];
  let paths: string[];

  beforeEach(() => {
    server = undefined;
    delays = [];
    paths = [];
  });
  afterEach(() => server?.close());

  /** Starts a registry that records the paths that are requested, and opens its repository x. */
  async function open(answer: (request: IncomingMessage, url: string) => FullAnswer, credentials?: Credentials) {
    const opened = await serve((request) => {
      paths.push((request.url ?? "").replace(/\?.*$/, ""));
      return answer(request, opened.url);
    });
    server = opened.server;
    return client(opened.url, credentials);
  }

  /** Opens repository x of a registry, and records the delays instead of waiting. */
  function client(url: string, credentials?: Credentials): RepositoryClient {
    const sleep = (milliseconds: number) => Promise.resolve(delays.push(milliseconds));
    return new RepositoryClient(`${url.replace("http://", "")}/x`, credentials, sleep);
  }

  /** Opens a registry with these bodies by path below the repository. */
  function openWith(bodies: Readonly<Record<string, unknown>>): Promise<RepositoryClient> {
    return open(({ url = "" }) => {
      const body = bodies[url.replace("/v2/x/", "").replace(/\?n=1000$/, "")];
      return body === undefined ? { status: 404 } : { body: JSON.stringify(body) };
    });
  }

  const found = { headers: { "docker-content-digest": "sha256:a" } };

  it("lists the tags of all pages", async () => {
    const first = { body: '{"tags":["a","b"]}', headers: { link: '</v2/x/tags/list?last=b&n=2>; rel="next"' } };
    const many = await open(({ url }) => (url?.includes("last=b") === true ? { body: '{"tags":["c"]}' } : first));
    assert.deepEqual(await many.tags(), ["a", "b", "c"]);
  });

  it("lists no tags of an empty or an absent repository", async () => {
    assert.deepEqual(await (await openWith({ "tags/list": { tags: null } })).tags(), []);
    server?.close();
    assert.deepEqual(await (await openWith({})).tags(), []);
  });

  it("reads the labels of an image's first platform", async () => {
    const images = await openWith({
      "manifests/v1": { manifests: [{ digest: "sha256:amd64" }, { digest: "sha256:arm64" }] },
      "manifests/sha256:amd64": { config: { digest: "sha256:config" } },
      "blobs/sha256:config": { config: { Labels: { key: "value" } } },
      "manifests/v2": { config: { digest: "sha256:bare" } },
      "blobs/sha256:bare": { config: { Labels: null } },
    });
    assert.deepEqual(await images.labels("v1"), { key: "value" });
    assert.deepEqual(await images.labels("v2"), {});
    assert.equal(await images.labels("v3"), undefined);
  });

  it("adds up the layers of all platforms", async () => {
    const images = await openWith({
      "manifests/v1": { manifests: [{ digest: "a" }, { digest: "b" }] },
      "manifests/a": { layers: [{ size: 1 }, { size: 20 }] },
      "manifests/b": { layers: [{ size: 300 }] },
    });
    assert.equal(await images.compressedSize("v1"), 321);
  });

  /** Requires a token for everything, and a new one after this many requests. */
  function withTokens(requestsPerToken: number): (request: IncomingMessage, url: string) => FullAnswer {
    let tokens = 0;
    let left = 0;
    return (request, url) => {
      if (request.url?.startsWith("/token") === true) {
        if (request.url !== "/token?service=s&scope=aws") return { status: 400 };
        left = requestsPerToken;
        return { body: JSON.stringify({ token: String(++tokens) }) };
      }
      if (left-- > 0 && request.headers.authorization === `Bearer ${tokens}`) return found;
      return { status: 401, headers: { "www-authenticate": `Bearer realm="${url}/token",service="s",scope="aws"` } };
    };
  }

  it("requests one token for many requests", async () => {
    const images = await open(withTokens(100));
    for (const tag of ["a", "b", "c"]) assert.equal(await images.digest(tag), "sha256:a");
    assert.deepEqual(paths, ["a", "token", "a", "b", "c"].map(pathOf));
  });

  it("requests another token when the registry rejects its own", async () => {
    const images = await open(withTokens(1));
    for (const tag of ["a", "b"]) assert.equal(await images.digest(tag), "sha256:a");
    assert.deepEqual(paths, ["a", "token", "a", "b", "token", "b"].map(pathOf));
  });

  function pathOf(name: string): string {
    return name === "token" ? "/token" : `/v2/x/manifests/${name}`;
  }

  it("sends its password if the registry asks for it", async () => {
    const basic = `Basic ${Buffer.from("AWS:secret").toString("base64")}`;
    const answer = ({ headers }: IncomingMessage): FullAnswer =>
      headers.authorization === basic ? found : { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };
    assert.equal(await (await open(answer, { username: "AWS", password: "secret" })).digest("a"), "sha256:a");
    server?.close();
    await assert.rejects((await open(answer)).digest("a"), { status: 401 });
  });

  it("returns no image and no repository for 404", async () => {
    const images = await open(() => ({ status: 404 }));
    const results = [images.digest("a"), images.manifest("a"), images.exists()];
    assert.deepEqual(await Promise.all(results), [undefined, undefined, false]);
    assert.deepEqual([paths.length, delays], [3, []]);
  });

  for (const status of [403, 500]) {
    it(`reports ${status} with URL, status and body`, async () => {
      const images = await open(() => ({ status, body: "why" }));
      const refused = (error: unknown) =>
        error instanceof RefusedError &&
        error.status === status &&
        /^http:\S+\/v2\/x\/\S+ answers \d+ why$/.test(error.message);
      for (const request of [() => images.manifest("a"), () => images.exists(), () => images.tags()]) {
        await assert.rejects(request, refused);
      }
      // A HEAD has no body.
      await assert.rejects(images.digest("a"), { status, message: new RegExp(`/v2/x/manifests/a answers ${status}$`) });
      assert.equal(paths.length, status === 500 ? 16 : 4);
    });
  }

  it("retries the registry and its token server", async () => {
    let cut = 0;
    const tokens = inOrder({ status: 503 }, { body: '{"token":"given"}' });
    const images = await open((request, url) => {
      if (cut++ < 1) request.socket.destroy();
      if (request.url?.startsWith("/token") === true) return tokens();
      if (request.headers.authorization === "Bearer given") return found;
      return { status: 401, headers: { "www-authenticate": `Bearer realm="${url}/token"` } };
    });
    assert.equal(await images.digest("a"), "sha256:a");
    assert.deepEqual(delays, [1000, 1000]);
  });

  it("names what it could not reach: the registry or its token server", async () => {
    const nowhere = await closedUrl();
    await assert.rejects(
      client(nowhere).digest("a"),
      /^Error: Could not reach \S+\/v2\/x\/manifests\/a: .*ECONNREFUSED/,
    );
    assert.deepEqual(delays, [1000, 2000, 4000]);
    const challenge = { "www-authenticate": `Bearer realm="${nowhere}/token",service="s"` };
    const images = await open(() => ({ status: 401, headers: challenge }));
    await assert.rejects(images.digest("a"), /Could not reach \S+\/token\?service=s&scope=: .*ECONNREFUSED/);
  });
});

describe("repositoryClients", () => {
  it("returns one client per repository", () => {
    const clientOf = repositoryClients();
    assert.equal(clientOf("localhost:5000/x"), clientOf("localhost:5000/x"));
    assert.equal(clientOf("localhost:5000/y").repository, "localhost:5000/y");
  });
});
