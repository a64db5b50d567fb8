import assert from "node:assert/strict";

import { beyondPush, findLost } from "../../../../lib/oci/findLost";
import { RepositoryClient } from "../../../../lib/oci/repositoryClient";
import { type Answer, serve } from "../../../helpers/http";

describe("findLost", () => {
  /** An index of two platforms that share a layer. */
  const whole: Readonly<Record<string, Answer>> = {
    "/v2/x/manifests/index": '{"manifests":[{"digest":"amd64"},{"digest":"arm64"}]}',
    ...Object.fromEntries(
      ["amd64", "arm64"].flatMap((name) => [
        [
          `/v2/x/manifests/${name}`,
          `{"config":{"digest":"config-${name}","size":2},"layers":[{"digest":"shared","size":3}]}`,
        ],
        [`/v2/x/blobs/config-${name}`, () => ({ headers: { "content-length": "2" } })],
      ]),
    ),
    "/v2/x/blobs/shared": () => ({ headers: { "content-length": "3" } }),
  };
  let requested: string[];

  async function find(change: Readonly<Record<string, Answer>> = {}): Promise<string[]> {
    const { url, server } = await serve({ ...whole, ...change });
    requested = [];
    server.on("request", ({ method, url: path }) => requested.push(`${method} ${path}`));
    return findLost(new RepositoryClient(`${url.replace("http://", "")}/x`), "index");
  }

  it("finds nothing in a whole image, downloads no blob and asks for each once", async () => {
    assert.deepEqual(await find(), []);
    const blobs = requested.filter((request) => request.includes("/blobs/"));
    assert.deepEqual(
      blobs.sort(),
      ["config-amd64", "config-arm64", "shared"].map((name) => `HEAD /v2/x/blobs/${name}`),
    );
  });

  for (const path of Object.keys(whole)) {
    it(`finds the loss of ${path}`, async () => {
      const name = path.replace(/.*\//, "");
      const kind = path.includes("/manifests/") ? "manifest" : "blob";
      assert.deepEqual([...new Set(await find({ [path]: 404 }))], [`${kind} ${name}`]);
    });
  }

  it("finds a blob that is cut off", async () =>
    assert.deepEqual(await find({ "/v2/x/blobs/config-arm64": () => ({ headers: { "content-length": "1" } }) }), [
      "blob config-arm64 (1 instead of 2 bytes)",
    ]));

  it("finds a manifest with another digest, and lists the rest", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const index = `{"manifests":[{"digest":"${digest}"},{"digest":"arm64"}]}`;
    const lost = await find({
      "/v2/x/manifests/index": index,
      [`/v2/x/manifests/${digest}`]: "{}",
      "/v2/x/blobs/shared": 404,
    });
    assert.deepEqual(lost, [`manifest ${digest} (damaged)`, "blob shared"]);
    assert.match(beyondPush(lost), /No push replaces it/);
  });

  it("knows that a push does not repair that", () => {
    assert.equal(beyondPush(["blob a"]), "");
    assert.match(beyondPush(["blob a", "blob b (1 instead of 2 bytes)"]), /No push replaces it: remove it there first/);
  });

  it("does not rely on a length that the server does not send", async () =>
    assert.deepEqual(await find({ "/v2/x/blobs/config-arm64": 200 }), []));

  it("reports a registry that cannot be read", () =>
    assert.rejects(find({ "/v2/x/blobs/shared": 403 }), /blobs\/shared answers 403/));
});
