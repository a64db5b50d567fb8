import assert from "node:assert/strict";
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
const officialBase = {
  "org.opencontainers.image.base.name": "docker.io/library/debian:trixie-20261005-slim",
  "org.opencontainers.image.base.digest": "sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f",
};

type Images = ReturnType<Recorder["ofType"]>;
type Outputs = Record<string, Record<string, unknown>>;

describe("program", () => {
  let url: string;
  /** A registry without any image: the same server. */
  let registry: string;
  /** What the last run registered. */
  let recorder: Recorder;
  let images: Images;
  let outputs: Outputs;

  before(async () => {
    ({ url } = await serve({ "/pulumi-3.66.0-checksums.txt": checksumsOf("3.66.0") }));
    registry = url.replace("http://", "");
    images = await run({});
  });

  /** Runs the program for v3.66.0 with this change of the config, and returns its images. */
  async function run(change: Record<string, unknown>, stack = "local"): Promise<Images> {
    recorder = new Recorder();
    await recorder.install(stack);
    setConfig({
      pulumiVersion: "3.66.0",
      tag: "v3.66.0",
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
    return recorder.ofType(imageType);
  }

  /** The inputs of an image. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  function inputsOf(name: string, of = images): any {
    return of.get(name)?.inputs ?? assert.fail(name);
  }

  it("declares a smoke test and an image per language, without version and tag in their names", () => {
    const names = languages.flatMap((language) => [`${language}-image`, `${language}-smoke`]);
    assert.deepEqual([...images.keys()].sort(), names.sort());
    for (const { name } of recorder.resources) assert.doesNotMatch(name, /\d|latest|dev/);
  });

  it("outputs repository, tag, digest and reference of each image", async () => {
    await run({});
    assert.deepEqual(Object.keys(outputs), languages);
    const repository = `${registry}/runner-pulumi-golang`;
    const [tag, digest] = ["v3.66.0", "sha256:golang-image"];
    assert.deepEqual(outputs["golang"], { repository, tag, digest, reference: `${repository}:${tag}@${digest}` });
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
        ...officialBase,
      },
      platforms: ["linux/amd64", "linux/arm64"],
      builder: { name: "local" },
      push: false,
      // The SDK's own default.
      network: "default",
    };
    const location = "dockerfiles/scripts";
    const bases = { debian: { location: mirror }, golang: { location: golang } };
    assert.deepEqual(inputsOf("golang-image"), {
      ...shared,
      dockerfile: { inline: withoutSmokeTest(dockerfile) },
      context: { location, named: bases },
      buildArgs,
      target: "runner",
      tags: [`${registry}/runner-pulumi-golang:v3.66.0`],
      exports: [{ registry: { ociMediaTypes: true, compression: "gzip" } }],
      buildOnPreview: false,
    });
    const smoke = {
      program: { location: "dockerfiles/golang/smoke" },
      "smoke-scripts-context": { location: "dockerfiles/smoke" },
    };
    assert.deepEqual(inputsOf("golang-smoke"), {
      ...shared,
      dockerfile: { inline: dockerfile },
      context: { location, named: { ...bases, ...smoke } },
      buildArgs: { ...buildArgs, ...tagArguments(dockerfile) },
      target: "smoke",
      exports: [{ cacheonly: {} }],
      buildOnPreview: true,
    });
  });

  it("has no empty build argument: the provider treats it as unknown and builds nothing in a preview", () => {
    for (const name of images.keys()) assert.ok(!Object.values(inputsOf(name).buildArgs).includes(""), name);
  });

  it("publishes only the config's languages, but declares all, so that a targeted update keeps the others", async () => {
    const some = await run({ languages: ["yaml", "golang"] });
    assert.deepEqual([...some.keys()].sort(), [...images.keys()].sort());
    assert.deepEqual(Object.keys(outputs), ["golang", "yaml"]);
    const testsOf = (name: string) =>
      some
        .get(`${name}-image`)
        ?.dependencies.map((urn) => urn.replace(/.*::/, ""))
        .sort();
    for (const name of ["golang", "yaml"]) assert.deepEqual(testsOf(name), ["golang-smoke", "yaml-smoke"], name);
    // A plain update may publish the others too, but not before their own smoke test.
    assert.deepEqual(testsOf("python"), ["golang-smoke", "python-smoke", "yaml-smoke"]);
  });

  it("passes a base only to Dockerfiles with its stage, and names the official one in the labels", async () => {
    assert.deepEqual(Object.keys(inputsOf("python-image").context.named), ["debian"]);
    for (const bases of [{}, { debian: __dirname }]) {
      const { labels } = inputsOf("python-image", await run({ bases }));
      assert.deepEqual({ ...labels, ...officialBase }, labels);
    }
  });

  it("keeps a published image when its resource is deleted or replaced", () => {
    for (const image of images.values()) assert.equal(image.retainOnDelete, true, image.name);
  });

  it("publishes nothing before every smoke test has passed", () => {
    const urns = languages.map((language) => `runner-pulumi:images:SmokeTest$${imageType}::${language}-smoke`);
    for (const language of languages) {
      const dependencies = images.get(`${language}-image`)?.dependencies ?? [];
      const missing = urns.filter((urn) => !dependencies.some((dependency) => dependency.endsWith(urn)));
      assert.deepEqual(missing, [], language);
    }
  });

  it("builds the same image for every tag", async () => {
    const latest = await run({ tag: "latest" });
    for (const name of images.keys()) {
      const tags: string[] | undefined = inputsOf(name).tags;
      const own = tags && { tags: tags.map((tag) => tag.replace("v3.66.0", "latest")) };
      assert.deepEqual(inputsOf(name, latest), { ...inputsOf(name), ...own });
    }
  });

  it("warns if Debian packages are not pinned, but not on stack local, whose set-up has logged it", async () => {
    const warn = mock.method(pulumi.log, "warn", () => Promise.resolve());
    const sentences = () => warn.mock.calls.map((call) => String(call.arguments[0])).join("\n");
    try {
      await run({});
      await run({ debianSnapshots: "https://mirror.example/archive" }, "prod");
      assert.doesNotMatch(sentences(), /debianSnapshots/);
      await run({}, "prod");
      assert.match(sentences(), /^debianSnapshots is empty: .* another day gets a different digest\. Set it, /m);
    } finally {
      warn.mock.restore();
    }
  });

  it("caches layers in the config's repository, and never in the images", async () => {
    const cached = await run({ cache: "mirror.example/cache" });
    for (const language of languages) {
      const ref = `mirror.example/cache:${language}`;
      const cacheFrom = [{ registry: { ref } }];
      const cacheTo = [{ registry: { ref, mode: "max", imageManifest: true, ociMediaTypes: true, ignoreError: true } }];
      const [image, smoke] = [`${language}-image`, `${language}-smoke`];
      assert.deepEqual(inputsOf(image, cached), { ...inputsOf(image), cacheFrom, cacheTo });
      // A preview builds the smoke tests, and would push what they export.
      assert.deepEqual(inputsOf(smoke, cached), { ...inputsOf(smoke), cacheFrom });
    }
  });
});
