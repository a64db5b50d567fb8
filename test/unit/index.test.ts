import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { catalogue } from "../../images/catalogue";
import { readDockerfile, stages, tagArguments, withoutSmokeTest } from "../../images/dockerfile";
import { versionLabel } from "../../images/labels";
import type { Platform } from "../../images/platform";
import program from "../../index";
import { checkout } from "../../local/folder";
import { archiveFiles, serveRelease } from "../helpers/archives";
import { inAwsAccount, password } from "../helpers/awsAccount";
import { checksumsOf } from "../helpers/checksums";
import { type Answer, serve } from "../helpers/http";
import { latestImage } from "../helpers/latestImage";
import { Recorder, readStackOutputs, setConfig, valueOf } from "../helpers/mocks";
import { stackTrace } from "../helpers/stackTrace";

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
  /** A registry: the same server. */
  let registry: string;
  /** What the last run registered. */
  let recorder: Recorder;
  let images: Images;
  let outputs: Outputs;
  /** Why languages were left out. */
  let reasons: Record<string, string> | undefined;

  /** The checksums of the archives, by version. */
  const sums: Record<string, Partial<Record<Platform, string>>> = {};
  const answers: Record<string, Answer> = {
    "/pulumi-3.259.0-checksums.txt": checksumsOf("3.259.0"),
    ...latestImage("runner-pulumi-python", { [versionLabel]: "3.66.0" }),
    ...latestImage("runner-pulumi-golang", { [versionLabel]: "3.66.0" }),
  };

  before(async () => {
    ({ url } = await serve(answers));
    for (const version of ["3.66.0", "3.300.0"] as const) {
      const files = archiveFiles[version];
      const release = await serveRelease(version, { "linux/amd64": files, "linux/arm64": files });
      Object.assign(answers, release.answers);
      sums[version] = release.sha256;
    }
    registry = url.replace("http://", "");
    images = await run({});
  });
  after(() => {
    const cached = Object.values(sums).flatMap((sha256) => Object.values(sha256));
    for (const sum of cached) rmSync(join(checkout, ".local", "archives", `${sum}.json`), { force: true });
  });

  /** Runs the program for v3.66.0 with this change of the config, and returns its images. */
  async function run(
    change: Record<string, unknown>,
    stack = "local",
    own = new Recorder(),
    isPreview = false,
  ): Promise<Images> {
    recorder = own;
    await recorder.install(stack, isPreview);
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
    const { images: published, leftOut } = await program();
    outputs = await valueOf(pulumi.output(published as unknown as Outputs));
    reasons = leftOut && (await valueOf(leftOut)).reasons;
    return recorder.ofType(imageType);
  }

  /** The inputs of an image. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  function inputsOf(name: string, of = images): any {
    return of.get(name)?.inputs ?? assert.fail(name);
  }

  /** The smoke tests, or other images, that a language's published image waits for. */
  function waitsFor(of: Images, language: string, kind: "smoke" | "image"): string[] | undefined {
    const names = of.get(`${language}-image`)?.dependencies.map((urn) => urn.replace(/.*::/, ""));
    return names?.filter((name) => name.endsWith(`-${kind}`)).sort();
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
    const [tag, digest] = ["v3.66.0", "sha256:golang-tag"];
    const reference = `${repository}:${tag}@${digest}`;
    assert.deepEqual(outputs["golang"], { repository, tag, digest, reference, pushesAgain: 0 });
  });

  it("passes exactly these inputs to the provider", () => {
    const dockerfile = readDockerfile("golang");
    const buildArgs = {
      SOURCE_DATE_EPOCH: "1791158400",
      // Not empty: the provider treats that as unknown and builds nothing in a preview.
      DEBIAN_SNAPSHOTS: "none",
      PULUMI_VERSION: "3.66.0",
      PULUMI_RELEASES: url,
      PULUMI_SHA256_AMD64: sums["3.66.0"]?.["linux/amd64"],
      PULUMI_SHA256_ARM64: sums["3.66.0"]?.["linux/arm64"],
      GOLANG_HOSTS: "pulumi-language-go",
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
    const repository = `${registry}/runner-pulumi-golang`;
    assert.deepEqual(inputsOf("golang-image"), {
      ...shared,
      dockerfile: { inline: withoutSmokeTest(dockerfile) },
      context: { location, named: bases },
      buildArgs,
      target: "runner",
      exports: [{ registry: { names: [repository], pushByDigest: true, ociMediaTypes: true, compression: "gzip" } }],
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

  it("publishes only the config's languages, but declares all, so that a targeted update keeps the others", async () => {
    const some = await run({ languages: ["yaml", "golang"] });
    assert.deepEqual([...some.keys()].sort(), [...images.keys()].sort());
    assert.deepEqual(Object.keys(outputs), ["golang", "yaml"]);
    const tests = ["golang-smoke", "yaml-smoke"];
    for (const name of ["golang", "yaml"]) assert.deepEqual(waitsFor(some, name, "smoke"), tests);
    assert.deepEqual(waitsFor(some, "golang", "image"), ["yaml-image"]);
    // The engine keeps the dependencies of the others, and wants each to be registered before what depends on it.
    for (const kind of ["smoke", "image"] as const) {
      assert.deepEqual(waitsFor(some, "full", kind), waitsFor(images, "full", kind));
    }
    for (const { name, dependencies } of recorder.ofType("oci:index:Tag").values()) {
      assert.equal(dependencies.length, /yaml|golang/.test(name) ? 2 : languages.length, name);
    }
  });

  it("passes a base only to Dockerfiles with its stage, and names the official one in the labels", async () => {
    assert.deepEqual(Object.keys(inputsOf("python-image").context.named), ["debian"]);
    for (const bases of [{}, { debian: __dirname }]) {
      const { labels } = inputsOf("python-image", await run({ bases }));
      assert.deepEqual({ ...labels, ...officialBase }, labels);
    }
  });

  it("publishes nothing before every smoke test has passed, and keeps it when its resource is deleted or replaced", () => {
    const tests = languages.map((language) => `${language}-smoke`).sort();
    for (const language of languages) assert.deepEqual(waitsFor(images, language, "smoke"), tests);
    for (const image of images.values()) assert.equal(image.retainOnDelete, true, image.name);
  });

  it("pushes an image after those whose layers it has, so that they are uploaded once", () => {
    assert.deepEqual(waitsFor(images, "yaml", "image"), []);
    assert.deepEqual(waitsFor(images, "python", "image"), ["yaml-image"]);
    const others = languages.filter((language) => language !== "full").map((language) => `${language}-image`);
    assert.deepEqual(waitsFor(images, "full", "image"), others.sort());
  });

  it("builds the same image for every tag, and moves that tag after every image is pushed", async () => {
    const latest = await run({ tag: "latest" });
    for (const name of images.keys()) assert.deepEqual(inputsOf(name, latest), inputsOf(name));
    const pushed = languages.map((language) => `${language}-image`).sort();
    for (const { name, inputs, dependencies, retainOnDelete } of recorder.ofType("oci:index:Tag").values()) {
      const language = name.replace("-tag", "");
      const [repository, digest] = [`${registry}/runner-pulumi-${language}`, `sha256:${language}-image`];
      assert.deepEqual(inputs, { repository, tag: "latest", digest, version: "3.66.0" });
      assert.deepEqual(dependencies.map((urn) => urn.replace(/.*::/, "")).sort(), pushed);
      assert.ok(retainOnDelete);
    }
    assert.equal(recorder.ofType("oci:index:Tag").size, languages.length);
  });

  it("pushes an image again if the registry lost a manifest or a blob that the last update pushed, and only then", async () => {
    const repository = `${registry}/runner-pulumi-yaml`;
    const elsewhere = { repository: "old.example/runner-pulumi-java", digest: "sha256:lost" };
    const lost = {
      java: elsewhere,
      full: { repository: `${registry}/runner-pulumi-full`, digest: "sha256:full" },
      yaml: { repository, digest: "sha256:lost" },
      golang: { repository: `${registry}/runner-pulumi-golang`, digest: "sha256:kept" },
    };
    answers["/v2/runner-pulumi-golang/manifests/sha256:kept"] = () => ({
      headers: { "docker-content-digest": "sha256:kept" },
      body: "{}",
    });
    // Its manifest is still there.
    answers["/v2/runner-pulumi-full/manifests/sha256:full"] = '{"layers":[{"digest":"sha256:blob","size":1}]}';
    for (const [count, next] of [
      [0, "1"],
      [1, "2"],
    ] as const) {
      const published = {
        ...lost,
        yaml: { ...lost.yaml, pushesAgain: count },
        golang: { ...lost.golang, pushesAgain: count },
      };
      const changed = await run({}, "local", new Recorder({ [readStackOutputs]: { outputs: { images: published } } }));
      assert.equal(inputsOf("yaml-image", changed).buildArgs.PUSHES_AGAIN, next);
      assert.equal(inputsOf("golang-image", changed).buildArgs.PUSHES_AGAIN, count === 0 ? undefined : "1");
      assert.equal(inputsOf("full-image", changed).buildArgs.PUSHES_AGAIN, "1");
      assert.equal(outputs["yaml"]?.["pushesAgain"], count + 1);
      assert.equal(inputsOf("python-image", changed).buildArgs.PUSHES_AGAIN, undefined);
      assert.equal(inputsOf("java-image", changed).buildArgs.PUSHES_AGAIN, undefined);
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

  it("reads layers from another machine, and writes them only on the stack for that, which reads none", async () => {
    const config = { layers: ".local/layers", cache: "mirror.example/cache" };
    const read = await run(config);
    const written = await run({ ...config, platforms: ["linux/arm64"] }, "layers");
    for (const language of languages) {
      const [image, smoke] = [`${language}-image`, `${language}-smoke`];
      const tags = ["amd64", "arm64"].map((arch) => `tag=${language}-${arch}`);
      const raw = tags.map((tag) => ({ raw: `type=local,${tag},src=.local/layers` }));
      const cacheFrom = [{ registry: { ref: `mirror.example/cache:${language}` } }, ...raw];
      assert.deepEqual(inputsOf(smoke, read), { ...inputsOf(smoke), cacheFrom });
      assert.deepEqual(inputsOf(image, read).cacheFrom, cacheFrom);
      const folder = `.local/layers/${language}-arm64`;
      const cacheTo = [{ raw: `type=local,tag=${language}-arm64,dest=${folder},mode=max` }];
      assert.deepEqual(inputsOf(smoke, written).cacheTo, cacheTo);
      for (const name of [image, smoke]) assert.equal(inputsOf(name, written).cacheFrom, undefined, name);
    }
  });

  it("compiles a smoke program on the platform that builds only if the config says so", async () => {
    const { GOLANG_PROGRAM, ...others } = inputsOf("golang-smoke", await run({ crossCompile: true })).buildArgs;
    assert.equal(GOLANG_PROGRAM, "cross");
    assert.deepEqual(inputsOf("golang-smoke").buildArgs, others);
  });

  /** The errors of a run, and those that no promise of it handles, which Pulumi prints as well. */
  async function errorsOf(work: () => Promise<unknown>): Promise<unknown[]> {
    const errors = new Set<unknown>();
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", (error) => errors.add(error));
    await work().catch((error: unknown) => errors.add(error));
    // Unhandled rejections are reported after the microtasks.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
    return [...errors];
  }

  describe("if an archive lacks the host of a language", () => {
    const version = { pulumiVersion: "3.300.0", tag: "v3.300.0", signatures: "off" };
    const leftOut = languages.filter((name) => stages(readDockerfile(name)).has("golang-hosts"));
    const others = languages.filter((name) => !leftOut.includes(name));

    it("releases the others, then fails with a sentence for each, and outputs why", async () => {
      const errors = await errorsOf(() => run(version));
      const sentences = leftOut.map(
        (name) =>
          `${name} is left out: it needs pulumi-language-go, which Pulumi's archive of version 3.300.0 lacks. ` +
          `Its tags stay as they are. See docs/maintaining.md, "A host is missing".`,
      );
      assert.ok(errors.every((error) => error instanceof pulumi.RunError));
      assert.deepEqual(
        errors.map(({ message }: Error) => message),
        sentences,
      );
      assert.deepEqual(reasons, Object.fromEntries(leftOut.map((name, index) => [name, sentences[index]])));
      assert.deepEqual(Object.keys(outputs), others);
      const declared = others.flatMap((language) => [`${language}-image`, `${language}-smoke`]);
      assert.deepEqual([...recorder.ofType(imageType).keys()].sort(), declared.sort());
      const tests = others.map((language) => `${language}-smoke`).sort();
      assert.deepEqual(waitsFor(recorder.ofType(imageType), "yaml", "smoke"), tests);
    });

    it("writes the layers of the others, and leaves the failure to the release that reads them", async () => {
      assert.deepEqual(await errorsOf(() => run({ ...version, layers: ".local/layers" }, "layers")), []);
      assert.deepEqual(Object.keys(outputs), others);
    });

    it("declares it if it is not selected, so that a targeted update keeps it", async () => {
      const some = await run({ ...version, languages: ["yaml"] });
      assert.ok(some.has("golang-image"));
      assert.equal(reasons, undefined);
    });
  });

  // Pulumi prints a RunError as its message, and any other error as "unhandled exception" with a stack:
  // https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/run/run.ts
  describe("prints a refusal once, with a remedy and without a stack:", () => {
    // Requests to ECR Public reach this server.
    const { fetch } = globalThis;
    const redirected = (address: string, init?: RequestInit) =>
      fetch(address.replace("https://public.ecr.aws", url), init);
    before(() => void mock.method(globalThis, "fetch", redirected));
    after(() => mock.restoreAll());

    const onProd = { registry: "", alias: "spacelift", debianSnapshots: "http://snapshots.example" };
    const cases: [name: string, message: RegExp, config: object, recorder?: Recorder, login?: number][] = [
      [
        "an invalid config",
        /^The config is invalid:\n {2}- pulumiVersion .* Use X\.Y\.Z.*\n {2}- platforms .* Known: linux/,
        { pulumiVersion: "three", tag: "latest", platforms: [] },
      ],
      [
        "an older latest",
        /^latest of python, golang is Pulumi 3\.66\.0, which is newer than 3\.64\.0\.\nlatest is never downgraded\. To roll back/,
        { pulumiVersion: "3.64.0", tag: "latest" },
      ],
      [
        "a missing signature",
        /is not signed: \S+ answers 404, .* required\. .* Retry later/,
        { pulumiVersion: "3.259.0", tag: "v3.259.0" },
      ],
      [
        "AWS credentials that get no token",
        /^AWS issued no credentials for public\.ecr\.aws: .* Log in to AWS, .*and retry\.$/,
        onProd,
        new Recorder(),
      ],
      [
        "AWS credentials that ECR Public rejects",
        /^public\.ecr\.aws rejected the credentials that AWS issued for AWS: /,
        onProd,
        inAwsAccount("spacelift"),
        401,
      ],
      [
        "another environment's AWS account",
        /^These credentials belong to public\.ecr\.aws\/spacelift-dev, and this stack .* Use the /,
        onProd,
        inAwsAccount("spacelift-dev"),
      ],
    ];
    for (const [name, message, config, own, login = 200] of cases) {
      it(name, async () => {
        answers["/v2/"] = login;
        const [error, ...others] = await errorsOf(() => run({ ...config }, own && "prod", own));
        assert.deepEqual(others, []);
        assert.ok(error instanceof pulumi.RunError, String(error));
        assert.match(error.message, message);
        for (const text of [stackTrace, new RegExp(password)]) assert.doesNotMatch(error.message, text);
      });
    }

    // There, Images know where they go without waiting for the repositories.
    it("another environment's AWS account in a preview too", async () => {
      answers["/v2/"] = 200;
      const errors = await errorsOf(() => run({ ...onProd }, "prod", inAwsAccount("spacelift-dev"), true));
      assert.equal(errors.length, 1, errors.join("\n"));
      assert.ok(errors[0] instanceof pulumi.RunError);
      assert.match(errors[0].message, /^These credentials belong to public\.ecr\.aws\/spacelift-dev, /);
    });
  });
});
