import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mock } from "node:test";

import * as pulumi from "@pulumi/pulumi";
import type { Provider } from "@pulumi/pulumi/provider";

import { versionLabel } from "../../../../images/labels";
import { tagProvider } from "../../../../images/tagProvider/tagProvider";
import { type Answer, serve } from "../../../helpers/http";
import { isFault } from "../../../helpers/isFault";
import { skipDelays } from "../../../helpers/skipDelays";
import { stackTrace } from "../../../helpers/stackTrace";

const bodyOf = (version: number) => `{"config":{"digest":"sha256:config"},"version":${version}}`;
const [old, wanted] = [1, 2].map((version) => `sha256:${hash("sha256", bodyOf(version))}`) as [string, string];
const provider = tagProvider as Required<Provider>;

describe("the resource Tag", () => {
  skipDelays();
  let repository: string;
  let answers: Record<string, Answer>;
  /** The PUTs that the registry got: path, type and body. */
  let puts: string[];

  beforeEach(async () => {
    puts = [];
    const manifest = (digest: string) => ({
      headers: { "docker-content-digest": digest, "content-type": "application/vnd.oci.image.index.v1+json" },
      body: bodyOf(digest === old ? 1 : 2),
    });
    answers = {
      "/v2/python/manifests/latest": async (request) => {
        if (request.method !== "PUT") return manifest(old);
        const body = (await request.toArray()).join("");
        puts.push(`${request.url} ${request.headers["content-type"]} ${body}`);
        return { status: 201 };
      },
      [`/v2/python/manifests/${old}`]: () => manifest(old),
      [`/v2/python/manifests/${wanted}`]: () => manifest(wanted),
      "/v2/python/blobs/sha256:config": JSON.stringify({ config: { Labels: { [versionLabel]: "3.64.0" } } }),
    };
    const { url } = await serve((request) => {
      const answer = answers[request.url ?? ""] ?? 404;
      return typeof answer === "function"
        ? answer(request)
        : typeof answer === "number"
          ? { status: answer }
          : { body: answer };
    });
    repository = `${url.replace("http://", "")}/python`;
  });

  const inputs = (change: object = {}) => ({ repository, tag: "latest", digest: wanted, version: "3.66.0", ...change });
  const secret = (value: unknown) => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value,
  });

  it("moves by the same manifest, with its own type, and stores no credentials among its outputs", async () => {
    const credentials = secret({ username: "AWS", password: "canary" });
    const { id, outs } = await provider.create("urn", inputs({ credentials }));
    assert.equal(id, `${repository}:latest`);
    assert.deepEqual(outs, inputs());
    const type = "application/vnd.oci.image.index.v1+json";
    assert.deepEqual(puts, [`/v2/python/manifests/latest ${type} ${bodyOf(2)}`]);
  });

  it("reports a digest that the repository does not have, without a stack", async () => {
    const message = `${repository}:latest was not moved: ${repository}@sha256:c does not exist.`;
    await assert.rejects(provider.update("id", "urn", {}, inputs({ digest: "sha256:c" })), isFault(message));
    assert.doesNotMatch(message, stackTrace);
    assert.deepEqual(puts, []);
  });

  describe("differs", () => {
    const differs = async (olds: object, news: object = olds) =>
      (await provider.diff("id", "urn", inputs(olds), inputs(news))).changes;

    it("if the registry serves another digest, whatever the last update did", async () => {
      assert.equal(await differs({}), true);
      assert.equal(await differs({ digest: old }), false);
    });

    it("if an input does, but for the credentials", async () => {
      const serves = { digest: old };
      assert.equal(await differs(serves, { ...serves, version: "3.67.0" }), true);
      assert.equal(await differs(serves, { ...serves, tag: "v3.66.0" }), true);
      assert.equal(await differs(serves, { ...serves, credentials: secret({ username: "a", password: "b" }) }), false);
    });

    it("if the tag is missing or cannot be read", async () => {
      for (const answer of [404, 500]) {
        answers["/v2/python/manifests/latest"] = answer;
        assert.equal(await differs({ digest: old }), true);
      }
    });
  });

  describe("says in previews and updates", () => {
    async function said(change: object = {}): Promise<string[]> {
      const info = mock.method(pulumi.log, "info", () => Promise.resolve());
      try {
        assert.deepEqual(await provider.check("urn", {}, inputs(change)), { inputs: inputs(change) });
        return info.mock.calls.map((call) => String(call.arguments[0]));
      } finally {
        info.mock.restore();
      }
    }

    it("from which digest and version a tag moves to which", async () => {
      const from = `Tag latest of ${repository}: Pulumi 3.64.0, ${old} → Pulumi 3.66.0, `;
      assert.deepEqual(await said(), [`${from}${wanted}`]);
      assert.deepEqual(await said({ digest: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }), [`${from}a new digest`]);
    });

    it("that a tag is new", async () => {
      answers["/v2/python/manifests/latest"] = 404;
      assert.deepEqual(await said(), [`Tag latest of ${repository}: new, Pulumi 3.66.0, ${wanted}`]);
    });

    it("nothing of a tag that stays", async () => assert.deepEqual(await said({ digest: old }), []));

    it("that a tag cannot be read", async () => {
      answers["/v2/python/manifests/latest"] = 500;
      assert.match((await said()).join(), /^Tag latest of \S+ cannot be read: \S+ answers 500/);
    });
  });

  it("deletes nothing in the registry", async () => {
    answers = {};
    await provider.delete("id", "urn", inputs());
  });
});
