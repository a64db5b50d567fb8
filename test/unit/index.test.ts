import assert from "node:assert/strict";
import type { Server } from "node:http";
import { mock } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { catalogue } from "../../images/catalogue";
import { readDockerfile } from "../../images/dockerfile";
import program from "../../index";
import { serve } from "../helpers/http";
import { Recorder, setConfig } from "../helpers/mocks";

const imageType = "docker-build:index:Image";
const languages = catalogue.map(({ name }) => name);
const sums = { x64: "a".repeat(64), arm64: "b".repeat(64) };
const golang = "docker-image://mirror.example/golang:1@sha256:" + "e".repeat(64);
const mirror = "docker-image://mirror.example/debian:trixie-slim@sha256:" + "d".repeat(64);

/** The inputs of a registered resource. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function inputsOf(resources: ReturnType<Recorder["ofType"]>, name: string): any {
  const resource = resources.get(name);
  assert.ok(resource !== undefined, name);
  return resource.inputs;
}

type Outputs = Record<string, Record<string, unknown>>;

describe("program", () => {
  let server: Server;
  let url: string;
  /** A registry without any image: the same server. */
  let registry: string;
  let recorder: Recorder;
  let images: ReturnType<Recorder["ofType"]>;
  let outputs: Outputs;

  before(async () => {
    const lines = Object.entries(sums).map(([arch, sum]) => `${sum}  pulumi-v3.66.0-linux-${arch}.tar.gz\n`);
    ({ server, url } = await serve({ "/pulumi-3.66.0-checksums.txt": lines.join("") }));
    registry = url.replace("http://", "");
    recorder = await run({ tag: "v3.66.0" });
    images = recorder.ofType(imageType);
  });
  after(() => server.close());

  async function run(change: Record<string, unknown>, stack = "local"): Promise<Recorder> {
    const fresh = new Recorder();
    await fresh.install(stack);
    setConfig({
      pulumiVersion: "3.66.0",
      platforms: ["linux/amd64", "linux/arm64"],
      registry,
      builder: "local",
      bases: { debian: mirror, golang },
      pulumiReleases: url,
      debianSnapshots: "",
      ...change,
    });
    const { images: published } = await program();
    outputs = await new Promise((resolve) => pulumi.output(published as unknown as Outputs).apply(resolve));
    return fresh;
  }

  it("gives no empty build argument: the provider would take it for unknown, and build nothing in a preview", () => {
    for (const { inputs } of images.values()) {
      for (const [name, value] of Object.entries(inputs.buildArgs as Record<string, string>))
        assert.notEqual(value, "", name);
    }
  });

  it("registers a smoke test and a published image per language", () => {
    const names = languages.flatMap((language) => [`${language}-image`, `${language}-smoke`]);
    assert.deepEqual([...images.keys()].sort(), names.sort());
  });

  it("gives the repository, tag, digest and reference of each image", () => {
    assert.deepEqual(Object.keys(outputs), languages);
    assert.deepEqual(outputs["golang"], {
      repository: `${registry}/runner-pulumi-golang`,
      tag: "v3.66.0",
      digest: "sha256:golang-image",
      reference: `${registry}/runner-pulumi-golang:v3.66.0@sha256:golang-image`,
    });
  });

  it("hands over exactly these inputs", () => {
    const dockerfile = readDockerfile("golang");
    const shared = {
      dockerfile: { inline: dockerfile },
      buildArgs: {
        SOURCE_DATE_EPOCH: "1791158400",
        DEBIAN_SNAPSHOTS: "none",
        PULUMI_VERSION: "3.66.0",
        PULUMI_RELEASES: url,
        PULUMI_SHA256_AMD64: sums.x64,
        PULUMI_SHA256_ARM64: sums.arm64,
      },
      labels: {
        "org.opencontainers.image.title": "Pulumi runner for Go",
        "org.opencontainers.image.description": "Pulumi CLI with the Go toolchain.",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.source": "https://github.com/spacelift-io/runner-pulumi",
        "org.opencontainers.image.version": "3.66.0",
        "org.opencontainers.image.base.name": "mirror.example/debian:trixie-slim",
        "org.opencontainers.image.base.digest": "sha256:" + "d".repeat(64),
      },
      platforms: ["linux/amd64", "linux/arm64"],
      builder: { name: "local" },
      push: false,
      // The SDK's own default.
      network: "default",
    };
    const { context: imageContext, ...image } = inputsOf(images, "golang-image");
    assert.deepEqual(image, {
      ...shared,
      target: "runner",
      tags: [`${registry}/runner-pulumi-golang:v3.66.0`],
      exports: [{ registry: { ociMediaTypes: true, compression: "gzip" } }],
      buildOnPreview: false,
    });
    const { context: smokeContext, ...smoke } = inputsOf(images, "golang-smoke");
    assert.deepEqual(smoke, { ...shared, target: "smoke", exports: [{ cacheonly: {} }], buildOnPreview: true });
    for (const context of [imageContext, smokeContext]) {
      assert.equal(context.location, "dockerfiles/context");
      assert.deepEqual(context.named, {
        debian: { location: mirror },
        golang: { location: golang },
      });
    }
  });

  it("hands over a base only where its stage is", () => {
    assert.deepEqual(Object.keys(inputsOf(images, "python-image").context.named), ["debian"]);
  });

  it("names the official base in the labels where no other replaces it", async () => {
    const labels = inputsOf((await run({ tag: "v3.66.0", bases: {} })).ofType(imageType), "python-image").labels;
    assert.equal(labels["org.opencontainers.image.base.name"], "docker.io/library/debian:trixie-20261005-slim");
    assert.match(labels["org.opencontainers.image.base.digest"], /^sha256:a29215f6/);
  });

  it("claims no base where it is none that has a digest", async () => {
    const { labels } = inputsOf(
      (await run({ tag: "v3.66.0", bases: { debian: __dirname } })).ofType(imageType),
      "python-image",
    );
    assert.deepEqual(
      Object.keys(labels).filter((key) => key.includes("base")),
      [],
    );
  });

  it("keeps what was published when an Image is deleted or replaced", () => {
    for (const image of images.values()) assert.equal(image.retainOnDelete, true, image.name);
  });

  it("publishes nothing before every smoke test is green", () => {
    const urns = languages.map((language) => `runner-pulumi:images:SmokeTest$${imageType}::${language}-smoke`);
    for (const language of languages) {
      const dependencies = images.get(`${language}-image`)?.dependencies ?? [];
      for (const urn of urns)
        assert.ok(
          dependencies.some((dependency) => dependency.endsWith(urn)),
          urn,
        );
    }
  });

  it("decides a digest by nothing of the tag", async () => {
    const latest = (await run({ tag: "latest" })).ofType(imageType);
    for (const [name, { inputs }] of images) {
      const { tags, ...content } = inputs;
      const { tags: latestTags, ...latestContent } = inputsOf(latest, name);
      assert.deepEqual(latestContent, content);
      if (tags !== undefined) assert.notDeepEqual(latestTags, tags);
    }
  });

  it("has no version and no tag in a logical name", () => {
    for (const { name } of recorder.resources) assert.doesNotMatch(name, /\d|latest|dev/);
  });

  it("publishes nothing of a version that was never published", () =>
    assert.rejects(run({ pulumiVersion: "99.0.0", tag: "v99.0.0" }), /Pulumi 99\.0\.0 was never published/));

  it("warns where packages are those of the day, except on this machine, which says it before", async () => {
    const warn = mock.method(pulumi.log, "warn", () => Promise.resolve());
    const sentences = () => warn.mock.calls.map((call) => String(call.arguments[0])).join("\n");
    try {
      await run({ tag: "v3.66.0" });
      await run({ tag: "v3.66.0", debianSnapshots: "https://mirror.example/archive" }, "prod");
      assert.doesNotMatch(sentences(), /debianSnapshots/);
      await run({ tag: "v3.66.0" }, "prod");
      assert.match(sentences(), /^debianSnapshots is empty: .* another day makes other digests\. Set it, /m);
    } finally {
      warn.mock.restore();
    }
  });

  it("keeps layers beside the images where the config names a cache, and never in them", async () => {
    const cached = (await run({ tag: "v3.66.0", cache: "mirror.example/cache" })).ofType(imageType);
    for (const language of languages) {
      const ref = `mirror.example/cache:${language}`;
      for (const name of [`${language}-smoke`, `${language}-image`]) {
        assert.deepEqual(inputsOf(cached, name).cacheFrom, [{ registry: { ref } }]);
      }
      // A preview builds the smoke tests: what they export, it would push.
      assert.equal(inputsOf(cached, `${language}-smoke`).cacheTo, undefined);
      assert.deepEqual(inputsOf(cached, `${language}-image`).cacheTo, [
        { registry: { ref, mode: "max", imageManifest: true, ociMediaTypes: true, ignoreError: true } },
      ]);
      assert.equal(inputsOf(images, `${language}-image`).cacheTo, undefined);
    }
  });
});
