import assert from "node:assert/strict";
import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";

import { RefusedError, RepositoryClient, repositoryClients } from "../../../../lib/oci/repositoryClient";
import { isFault } from "../../../helpers/isFault";
import { type FullAnswer, closedUrl, serve } from "../../../helpers/http";
import { withoutJitter } from "../../../helpers/skipDelays";

describe("RepositoryClient", () => {
  let delays: number[];
  let paths: string[];
  beforeEach(() => {
    delays = [];
    paths = [];
  });

  /** Starts a registry that records the paths that are requested, and opens its repository x. */
  async function open(
    answer: (request: IncomingMessage, url: string) => FullAnswer | undefined,
  ): Promise<RepositoryClient> {
    const { url } = await serve((request) => {
      paths.push((request.url ?? "").replace(/\?.*$/, ""));
      return answer(request, url);
    });
    return client(url);
  }

  /** Opens repository x of a registry, and records the delays instead of waiting. */
  function client(url: string): RepositoryClient {
    const sleep = (milliseconds: number) => Promise.resolve(delays.push(milliseconds));
    return new RepositoryClient(`${url.replace("http://", "")}/x`, undefined, sleep);
  }

  /** Opens a registry with these bodies by path below the repository. */
  function openWith(bodies: Readonly<Record<string, unknown>>): Promise<RepositoryClient> {
    return open(({ url = "" }) => {
      const body = bodies[url.replace("/v2/x/", "").replace(/\?n=1000$/, "")];
      return body === undefined ? { status: 404 } : { body: JSON.stringify(body) };
    });
  }

  const found = { headers: { "docker-content-digest": "sha256:a" } };
  const challenge = (header: string) => ({ status: 401, headers: { "www-authenticate": header } });

  it("lists the tags of all pages", async () => {
    const first = { body: '{"tags":["a","b"]}', headers: { link: '</v2/x/tags/list?last=b&n=2>; rel="next"' } };
    const many = await open(({ url }) => (url?.includes("last=b") === true ? { body: '{"tags":["c"]}' } : first));
    assert.deepEqual(await many.tags(), ["a", "b", "c"]);
    assert.deepEqual(await (await openWith({ "tags/list": { tags: null } })).tags(), []);
  });

  it("reads the labels of an image's first platform, and adds up the layers of all platforms", async () => {
    const digest = "sha256:layer";
    const images = await openWith({
      "manifests/v1": { manifests: [{ digest: "sha256:amd64" }, { digest: "sha256:arm64" }] },
      "manifests/sha256:amd64": {
        config: { digest: "sha256:config" },
        layers: [
          { digest, size: 1 },
          { digest, size: 20 },
        ],
      },
      "manifests/sha256:arm64": { layers: [{ digest, size: 300 }] },
      "blobs/sha256:config": { config: { Labels: { key: "value" } } },
      "manifests/v2": { config: { digest: "sha256:bare" } },
      "blobs/sha256:bare": { config: { Labels: null } },
    });
    const labels = await Promise.all(["v1", "v2", "v3"].map((tag) => images.labels(tag)));
    assert.deepEqual(labels, [{ key: "value" }, {}, undefined]);
    assert.equal(await images.compressedSize("v1"), 321);
  });

  for (const [name, requestsPerToken, requested] of [
    ["one token for many requests", 100, ["a", "token", "a", "b"]],
    ["another token when the registry rejects its own", 1, ["a", "token", "a", "b", "token", "b"]],
  ] as const) {
    it(`requests ${name}`, async () => {
      let [tokens, left] = [0, 0];
      const images = await open((request, url) => {
        if (request.url?.startsWith("/token") === true) {
          if (request.url !== "/token?service=s&scope=aws") return { status: 400 };
          left = requestsPerToken;
          return { body: JSON.stringify({ token: String(++tokens) }) };
        }
        if (left-- > 0 && request.headers.authorization === `Bearer ${tokens}`) return found;
        return challenge(`Bearer realm="${url}/token",service="s",scope="aws"`);
      });
      for (const tag of ["a", "b"]) assert.equal(await images.digest(tag), "sha256:a");
      const expected = requested.map((path) => (path === "token" ? "/token" : `/v2/x/manifests/${path}`));
      assert.deepEqual(paths, expected);
    });
  }

  it("returns no image, no tag and no repository for 404", async () => {
    const images = await open(() => ({ status: 404 }));
    const results = [images.digest("a"), images.manifest("a"), images.exists(), images.tags()];
    assert.deepEqual(await Promise.all(results), [undefined, undefined, false, []]);
    assert.deepEqual([paths.length, delays], [4, []]);
  });

  for (const status of [403, 500]) {
    it(`reports ${status} with URL, status and body`, async () => {
      const images = await open(() => ({ status, body: "why" }));
      const message = new RegExp(`^http:\\S+/v2/x/\\S+ answers ${status} why$`);
      for (const request of [() => images.manifest("a"), () => images.exists(), () => images.tags()]) {
        await assert.rejects(request, { constructor: RefusedError, status, message });
      }
      // A HEAD has no body.
      await assert.rejects(images.digest("a"), { status, message: new RegExp(`/v2/x/manifests/a answers ${status}$`) });
      assert.equal(paths.length, status === 500 ? 16 : 4);
    });
  }

  it("refuses content with another digest, and publishes none under a tag", async () => {
    const digest = `sha256:${hash("sha256", '{"layers":[]}')}`;
    assert.deepEqual(await (await openWith({ [`manifests/${digest}`]: { layers: [] } })).manifest(digest), {
      layers: [],
    });
    const other = { layers: [], other: 1 };
    const damaged = await openWith({ [`manifests/${digest}`]: other, [`blobs/${digest}`]: other });
    const message = isFault(new RegExp(`/x@${digest} is damaged in the registry's storage`));
    for (const use of [() => damaged.manifest(digest), () => damaged.blob(digest), () => damaged.setTag("a", digest)]) {
      await assert.rejects(use, message);
    }
    assert.deepEqual(new Set(paths.slice(1)), new Set([`/v2/x/manifests/${digest}`, `/v2/x/blobs/${digest}`]));
  });

  for (const manifest of [{ manifests: {} }, { layers: [null] }, { layers: [{ digest: 1 }] }, { config: null }]) {
    it(`refuses ${JSON.stringify(manifest)} as a manifest`, async () => {
      const images = await openWith({ "manifests/a": manifest });
      await assert.rejects(images.manifest("a"), isFault(/manifests\/a is not the manifest of an image\. Check/));
    });
  }

  it("refuses a config that is not one", async () => {
    const images = await openWith({ "manifests/a": { config: { digest: "sha256:c" } }, "blobs/sha256:c": "text" });
    await assert.rejects(
      images.labels("a"),
      isFault(/^sha256:c is not the config of an image \(re-release the tag\): /),
    );
  });

  it("names a token server that is not a URL", async () => {
    const images = await open(() => challenge('Bearer realm="token"'));
    await assert.rejects(
      images.digest("a"),
      isFault('The registry asks for a token of "token", which is not a URL. Check which server answers.'),
    );
  });

  it("names what it could not reach: the registry or its token server", async () => {
    const nowhere = await closedUrl();
    const message = /^Could not reach \S+\/v2\/x\/manifests\/a: .*ECONNREFUSED/;
    await assert.rejects(client(nowhere).digest("a"), { message });
    assert.deepEqual(withoutJitter(delays), [1000, 2000, 4000]);
    const images = await open(() => challenge(`Bearer realm="${nowhere}/token",service="s"`));
    await assert.rejects(images.digest("a"), /Could not reach \S+\/token\?service=s&scope=: .*ECONNREFUSED/);
  });
});

describe("an answer that is not JSON", () => {
  for (const body of ["", '{"config":', "<html>Log in</html>"]) {
    it(`is named: ${JSON.stringify(body)}`, async () => {
      const { url } = await serve(() => ({ body }));
      const images = new RepositoryClient(`${url.replace("http://", "")}/x`);
      const sentence = `${url}/v2/x/manifests/a answers 200, but not with JSON: ${JSON.stringify(body)}`;
      await assert.rejects(images.manifest("a"), isFault(sentence));
      await assert.rejects(images.tags(), isFault(/but not with JSON/));
    });
  }
});

it("repositoryClients returns one client per repository", () => {
  const clientOf = repositoryClients();
  assert.equal(clientOf("localhost:5000/x"), clientOf("localhost:5000/x"));
  assert.equal(clientOf("localhost:5000/y").repository, "localhost:5000/y");
});
