import assert from "node:assert/strict";
import type { Server } from "node:http";

import { guardLatest } from "../../../images/latest";
import { type Credentials, RepositoryClient } from "../../../lib/oci/repositoryClient";
import { type Answer, serve } from "../../helpers/http";

const config = (labels: unknown) => JSON.stringify({ config: { Labels: labels } });
const manifest = (blob: string) => JSON.stringify({ config: { digest: blob, size: 1 }, layers: [] });

/** An image under a tag: its manifest, and its config with these labels. */
function image(name: string, labels: unknown): Record<string, Answer> {
  return {
    [`/v2/${name}/manifests/latest`]: manifest(`sha256:${name}`),
    [`/v2/${name}/blobs/sha256:${name}`]: config(labels),
  };
}

const version = (text: string) => ({ "org.opencontainers.image.version": text });

describe("latest", () => {
  let server: Server;
  let registry: string;
  let url: string;

  before(async () => {
    ({ server, url } = await serve({
      ...image("is-66", version("3.66.0")),
      ...image("is-66-too", version("3.66.0")),
      ...image("without-labels", null),
      ...image("with-another-label", { maintainer: "someone" }),
      ...image("with-a-version-of-its-base", version("24.04")),
      "/v2/with-platforms/manifests/latest": JSON.stringify({ manifests: [{ digest: "sha256:amd64", size: 1 }] }),
      "/v2/with-platforms/manifests/sha256:amd64": manifest("sha256:config"),
      "/v2/with-platforms/blobs/sha256:config": config(version("3.66.0")),
      "/v2/broken/manifests/latest": 500,
      "/v2/not-json/manifests/latest": "<html>",
      "/v2/with-token/manifests/latest": ({ headers }) =>
        headers.authorization === "Bearer given"
          ? { body: manifest("sha256:config") }
          : { status: 401, headers: { "www-authenticate": `Bearer realm="${url}/token",service="us",scope="pull"` } },
      "/v2/with-token/blobs/sha256:config": ({ headers }) =>
        headers.authorization === "Bearer given"
          ? { body: config(version("3.66.0")) }
          : { status: 401, headers: { "www-authenticate": `Bearer realm="${url}/token",service="us",scope="pull"` } },
      "/token": (request) =>
        request.url === "/token?service=us&scope=pull" ? { body: `{"token":"given"}` } : { status: 400 },
      "/v2/with-password/manifests/latest": ({ headers }) =>
        headers.authorization === `Basic ${Buffer.from("AWS:secret").toString("base64")}`
          ? { status: 404 }
          : { status: 401, headers: { "www-authenticate": `Basic realm="Registry"` } },
    }));
    registry = url.replace("http://", "");
  });
  after(() => server.close());

  /** The guard over these repositories. */
  const guard = (names: string[], asked: string, withdrawn = {}, credentials?: Credentials) =>
    guardLatest(
      { expectedUri: (name) => `${registry}/${name}`, credentials },
      names.map((name) => ({ name })),
      asked,
      withdrawn,
    );

  const allowed: [string, string[], string][] = [
    ["a version after an image that names no version of Pulumi", ["with-a-version-of-its-base"], "3.1.0"],
    ["a newer version", ["is-66"], "3.67.0"],
    ["a newer version by number, not by text", ["is-66"], "3.100.0"],
    ["the same version", ["is-66", "is-66-too"], "3.66.0"],
    ["a first version", ["not-there"], "3.1.0"],
    ["a version after an image without labels", ["without-labels", "with-another-label"], "3.1.0"],
  ];
  for (const [name, repositories, asked] of allowed) it(`may be ${name}`, () => guard(repositories, asked));

  it("does not go back, and says how to roll back on purpose", () =>
    assert.rejects(guard(["not-there", "is-66"], "3.64.0"), {
      message:
        `${registry}/is-66:latest is Pulumi 3.66.0, and 3.64.0 is older: latest does not go back. To roll back on purpose, ` +
        `add "3.66.0" with the reason to images/withdrawn.json, then push latest-v3.64.0 again.`,
    }));

  it("names every repository that is ahead", () =>
    assert.rejects(guard(["is-66", "is-66-too"], "3.64.0"), /is-66:latest is[^]*\n[^]*is-66-too:latest is/));

  it("goes back from a withdrawn version", () => guard(["is-66"], "3.64.0", { "3.66.0": "yanked" }));

  it("reads the label of an image for several platforms", () =>
    assert.rejects(guard(["with-platforms"], "3.64.0"), /is Pulumi 3\.66\.0/));

  it("gets the token that a registry asks for", () =>
    assert.rejects(guard(["with-token"], "3.64.0"), /is Pulumi 3\.66\.0/));

  it("logs in where a registry asks for a password", () =>
    guard(["with-password"], "3.64.0", {}, { username: "AWS", password: "secret" }));

  for (const name of ["broken", "not-json", "with-password"]) {
    it(`stays where it is when the registry's answer is ${name}`, () =>
      assert.rejects(
        guard([name], "3.67.0"),
        /^Error: It cannot be told which version .*:latest is, so it is not moved\. /,
      ));
  }

  it("stays where it is when the registry cannot be reached", () =>
    assert.rejects(
      guardLatest({ expectedUri: () => "127.0.0.1:9/x", credentials: undefined }, [{ name: "x" }], "3.67.0"),
      /127\.0\.0\.1:9\/v2\/x\/manifests\/latest cannot be reached/,
    ));

  it("adds up the layers of all platforms", async () => {
    const { url: sizes, server: other } = await serve({
      "/v2/x/manifests/v1": JSON.stringify({ manifests: [{ digest: "a" }, { digest: "b" }] }),
      "/v2/x/manifests/a": JSON.stringify({ layers: [{ size: 1 }, { size: 20 }] }),
      "/v2/x/manifests/b": JSON.stringify({ layers: [{ size: 300 }] }),
    });
    assert.equal(await new RepositoryClient(`${sizes.replace("http://", "")}/x`).compressedSize("v1"), 321);
    other.close();
  });
});
