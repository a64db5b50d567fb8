import assert from "node:assert/strict";
import type { Server } from "node:http";
import { mock } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { catalogue } from "../../images/catalogue";
import { readDockerfile, tagArguments, withoutSmokeTest } from "../../images/dockerfile";
import program from "../../index";
import { checksumsOf, sums } from "../helpers/checksums";
import { serve } from "../helpers/http";
import { Recorder, setConfig, valueOf } from "../helpers/mocks";

const imageType = "docker-build:index:Image";
const languages = catalogue.map(({ name }) => name);
const golang = "docker-image://mirror.example/golang:1@sha256:" + "e".repeat(64);
const mirror = "docker-image://mirror.example/debian:trixie-slim@sha256:" + "d".repeat(64);

/** The inputs of a recorded resource. */
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
    ({ server, url } = await serve({ "/pulumi-3.66.0-checksums.txt": checksumsOf("3.66.0") }));
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
    outputs = await valueOf(pulumi.output(published as unknown as Outputs));
    return fresh;
  }

  it("has no empty build argument: the provider treats it as unknown and builds nothing in a preview", () => {
    for (const { inputs } of images.values()) {
      for (const [name, value] of Object.entries(inputs.buildArgs as Record<string, string>))
        assert.notEqual(value, "", name);
    }
  });

  it("declares a smoke test and a published image per language", () => {
    const names = languages.flatMap((language) => [`${language}-image`, `${language}-smoke`]);
    assert.deepEqual([...images.keys()].sort(), names.sort());
  });

  it("outputs repository, tag, digest and reference of each image", () => {
    assert.deepEqual(Object.keys(outputs), languages);
    assert.deepEqual(outputs["golang"], {
      repository: `${registry}/runner-pulumi-golang`,
      tag: "v3.66.0",
      digest: "sha256:golang-image",
      reference: `${registry}/runner-pulumi-golang:v3.66.0@sha256:golang-image`,
    });
  });

  it("passes exactly these inputs to the provider", () => {
    const dockerfile = readDockerfile("golang");
    const buildArgs = {
      SOURCE_DATE_EPOCH: "1791158400",
      DEBIAN_SNAPSHOTS: "none",
      PULUMI_VERSION: "3.66.0",
      PULUMI_RELEASES: url,
      PULUMI_SHA256_AMD64: sums.x64,
      PULUMI_SHA256_ARM64: sums.arm64,
    };
    const shared = {
      labels: {
        "org.opencontainers.image.title": "Pulumi runner for Go",
        "org.opencontainers.image.description": "Pulumi CLI with the Go toolchain.",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.source": "https://github.com/spacelift-io/runner-pulumi",
        "org.opencontainers.image.version": "3.66.0",
        "org.opencontainers.image.base.name": "docker.io/library/debian:trixie-20261005-slim",
        "org.opencontainers.image.base.digest":
          "sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f",
      },
      platforms: ["linux/amd64", "linux/arm64"],
      builder: { name: "local" },
      push: false,
      // The SDK's own default.
      network: "default",
    };
    const bases = { debian: { location: mirror }, golang: { location: golang } };
    assert.deepEqual(inputsOf(images, "golang-image"), {
      ...shared,
      dockerfile: { inline: withoutSmokeTest(dockerfile) },
      context: { location: "dockerfiles/scripts", named: bases },
      buildArgs,
      target: "runner",
      tags: [`${registry}/runner-pulumi-golang:v3.66.0`],
      exports: [{ registry: { ociMediaTypes: true, compression: "gzip" } }],
      buildOnPreview: false,
    });
    const { buildArgs: smokeArgs, ...smoke } = inputsOf(images, "golang-smoke");
    const program = { location: "dockerfiles/golang/smoke" };
    assert.deepEqual(smoke, {
      ...shared,
      dockerfile: { inline: dockerfile },
      context: {
        location: "dockerfiles/scripts",
        named: { ...bases, program, "smoke-scripts-context": { location: "dockerfiles/smoke" } },
      },
      target: "smoke",
      exports: [{ cacheonly: {} }],
      buildOnPreview: true,
    });
    assert.deepEqual(smokeArgs, { ...buildArgs, ...tagArguments(dockerfile) });
  });

  it("publishes only the config's languages, but declares all, so that a targeted update keeps the others", async () => {
    const some = (await run({ tag: "v3.66.0", languages: ["yaml", "golang"] })).ofType(imageType);
    assert.deepEqual([...some.keys()].sort(), [...images.keys()].sort());
    assert.deepEqual(Object.keys(outputs), ["golang", "yaml"]);
    const tests = new Set([...some.values()].flatMap(({ dependencies }) => dependencies));
    assert.deepEqual([...tests].map((urn) => urn.replace(/.*::/, "")).sort(), ["golang-smoke", "yaml-smoke"]);
  });

  it("passes a base only to Dockerfiles with its stage", () => {
    assert.deepEqual(Object.keys(inputsOf(images, "python-image").context.named), ["debian"]);
  });

  it("names the official base in the labels, whatever replaces it", async () => {
    for (const bases of [{}, { debian: __dirname }]) {
      const { labels } = inputsOf((await run({ tag: "v3.66.0", bases })).ofType(imageType), "python-image");
      assert.equal(labels["org.opencontainers.image.base.name"], "docker.io/library/debian:trixie-20261005-slim");
      assert.match(labels["org.opencontainers.image.base.digest"], /^sha256:a29215f6/);
    }
  });

  it("keeps a published image when its resource is deleted or replaced", () => {
    for (const image of images.values()) assert.equal(image.retainOnDelete, true, image.name);
  });

  it("publishes nothing before every smoke test has passed", () => {
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

  it("builds the same image for every tag", async () => {
    const latest = (await run({ tag: "latest" })).ofType(imageType);
    for (const [name, { inputs }] of images) {
      const { tags, ...content } = inputs;
      const { tags: latestTags, ...latestContent } = inputsOf(latest, name);
      assert.deepEqual(latestContent, content);
      if (tags !== undefined) assert.notDeepEqual(latestTags, tags);
    }
  });

  it("has no version and no tag in resource names", () => {
    for (const { name } of recorder.resources) assert.doesNotMatch(name, /\d|latest|dev/);
  });

  it("warns if Debian packages are not pinned, but not on stack local, whose set-up has logged it", async () => {
    const warn = mock.method(pulumi.log, "warn", () => Promise.resolve());
    const sentences = () => warn.mock.calls.map((call) => String(call.arguments[0])).join("\n");
    try {
      await run({ tag: "v3.66.0" });
      await run({ tag: "v3.66.0", debianSnapshots: "https://mirror.example/archive" }, "prod");
      assert.doesNotMatch(sentences(), /debianSnapshots/);
      await run({ tag: "v3.66.0" }, "prod");
      assert.match(sentences(), /^debianSnapshots is empty: .* another day gets a different digest\. Set it, /m);
    } finally {
      warn.mock.restore();
    }
  });

  it("caches layers in the config's repository, and never in the images", async () => {
    const cached = (await run({ tag: "v3.66.0", cache: "mirror.example/cache" })).ofType(imageType);
    for (const language of languages) {
      const ref = `mirror.example/cache:${language}`;
      for (const name of [`${language}-smoke`, `${language}-image`]) {
        assert.deepEqual(inputsOf(cached, name).cacheFrom, [{ registry: { ref } }]);
      }
      // A preview builds the smoke tests, and would push what they export.
      assert.equal(inputsOf(cached, `${language}-smoke`).cacheTo, undefined);
      assert.deepEqual(inputsOf(cached, `${language}-image`).cacheTo, [
        { registry: { ref, mode: "max", imageManifest: true, ociMediaTypes: true, ignoreError: true } },
      ]);
      assert.equal(inputsOf(images, `${language}-image`).cacheTo, undefined);
    }
  });
});
