import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { execa } from "execa";
import { stringify } from "yaml";

import { type Builder, buildctl, buildx } from "../../commands/builder";
import { readContents } from "../../commands/inventory/contents";
import { type Inventory, type MachineBuilder, inventory, readInventory } from "../../commands/inventory/inventory";
import { readReleased } from "../../commands/inventory/servedImages";
import { stackTarget } from "../../commands/stackTarget";
import { catalogue } from "../../images/catalogue";
import { argument, readDockerfile, stages } from "../../images/dockerfile";
import { requireRelease } from "../../images/gitTag";
import { Clone } from "../../lib/git";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { localBuilder } from "../../local/builder";
import { checkout } from "../../local/folder";
import { goBuild } from "../../local/install/goBuild";
import { ownPlatform } from "../../local/native/ownPlatform";
import { localTarget } from "../../local/target";
import { pushImage } from "../helpers/pushImage";
import { RepositoryWriter } from "../helpers/repositoryWriter";
import { Scratch } from "../helpers/scratch";
import { withEnvironment } from "../helpers/withEnvironment";

const own = ownPlatform();
const languages = ["javascript", "python"];

/** Fails if it is used although the environment names a builder. */
const unused: MachineBuilder = () => Promise.reject(new Error("The builder of this machine is used."));

// One story: two releases, and what their images contain.
describe("the inventory of a release", () => {
  let scratch: Scratch;
  let builder: Builder;
  let listed: Inventory;
  /** The job's summary. */
  let summary: string;

  before(async () => {
    scratch = await Scratch.start(["3.64.0", "3.66.0"]);
    const { buildKit, tools } = scratch.place.environment;
    builder = buildctl(tools.buildctl, buildKit);
    for (const version of ["3.64.0", "3.66.0"]) await scratch.release({ pulumiVersion: version, tag: `v${version}` });
    summary = inScratch("summary.md");
    await withEnvironment({ GITHUB_STEP_SUMMARY: summary }, () => write("v3.66.0", "first"));
    listed = readWritten("first");
  });
  after(() => scratch.stop());

  const inScratch = (...parts: string[]) => join(scratch.place.folder, ...parts);

  const selected = (names: readonly string[]) => catalogue.filter(({ name }) => names.includes(name));

  /** The inventory as `make inventory` writes it, with the registry of this test. */
  async function write(gitTag: string, folder: string, names = languages, used = builder): Promise<void> {
    await withEnvironment({ REGISTRY: scratch.prefix, BUILDKIT_HOST: "", BUILDER: "" }, () =>
      inventory(localTarget(), gitTag, selected(names), () => Promise.resolve(used), inScratch(folder)),
    );
  }

  function readWritten(folder: string): Inventory {
    return JSON.parse(readFileSync(inScratch(folder, "inventory-v3.66.0.json"), "utf8")) as Inventory;
  }

  /** The contents of a language's image on the machine's own platform. */
  function inside(language: string) {
    const contents = listed.images[language]?.platforms[own];
    assert.ok(contents);
    return contents;
  }

  /** The version of a Debian package without epoch, revision and Debian's suffixes: that of the software. */
  function upstream(language: string, name: string): string {
    return (inside(language).packages[name] ?? "").replace(/^\d+:/, "").replace(/[-+~].*$/, "");
  }

  it("names the release, and each image by the digest that the registry serves", async () => {
    assert.deepEqual([listed.version, listed.tag, Object.keys(listed.images)], ["3.66.0", "v3.66.0", languages]);
    for (const language of languages) {
      const digest = await scratch.client(language).digest("v3.66.0");
      const image = listed.images[language];
      assert.ok(image);
      assert.equal(image.reference, `${scratch.repository(language)}:v3.66.0@${digest}`);
      assert.deepEqual(Object.keys(image.platforms), [own]);
      // The official base, also if a substitute was built from.
      assert.equal(image.base, `docker.io/library/${stages(readDockerfile(language)).get("debian")}`);
    }
  });

  it("has the Pulumi version and the hosts of each image", () => {
    assert.equal(inside("javascript").tools["pulumi"], "3.66.0");
    assert.deepEqual(inside("javascript").hosts, ["nodejs", "yaml"]);
    assert.deepEqual(inside("python").hosts, ["python", "yaml"]);
  });

  it("has the toolchain that the Dockerfile pins, in its image alone", () => {
    const dockerfile = readDockerfile("javascript");
    const [, node] = /^node:([\d.]+)-/.exec(stages(dockerfile).get("node") ?? "") ?? [];
    const { tools } = inside("javascript");
    assert.equal(tools["node"], node);
    assert.equal(tools["yarn"], argument(dockerfile, "YARN_VERSION"));
    assert.equal(tools["pnpm"], argument(dockerfile, "PNPM_VERSION"));
    for (const name of ["npm", "corepack"]) assert.match(tools[name] ?? "", /^\d+\.\d+\.\d+$/);
    for (const name of ["python", "pip", "go", "java", "dotnet-sdk"]) assert.equal(tools[name], undefined, name);
    assert.equal(inside("python").tools["node"], undefined);
  });

  it("has the version of a Debian package for the tools in it", () => {
    for (const language of languages) {
      const { tools } = inside(language);
      assert.equal(tools["git"], upstream(language, "git"));
      assert.equal(tools["curl"], upstream(language, "curl"));
      // OpenSSH 10.0p1 prints 10.0p2.
      assert.equal(tools["ssh"]?.replace(/p\d+$/, ""), upstream(language, "openssh-client").replace(/p\d+$/, ""));
      assert.equal(tools["ca-certificates"], inside(language).packages["ca-certificates"]);
      assert.match(tools["os"] ?? "", /^debian 13\.\d+$/);
    }
    assert.equal(inside("python").tools["python"], upstream("python", "python3.13"));
    assert.equal(inside("python").tools["pip"], upstream("python", "python3-pip"));
    assert.equal(inside("javascript").packages["python3.13"], undefined);
  });

  it("is the same, byte by byte, if it is read again", async () => {
    // Without the answers in BuildKit's cache.
    const again: Builder = { ...builder, command: (...build) => [...builder.command(...build), "--no-cache"] };
    await write("v3.66.0", "again", languages, again);
    const [one, other] = ["first", "again"].map((folder) => readFileSync(inScratch(folder, "inventory-v3.66.0.json")));
    assert.deepEqual(one, other);
  });

  it("shows in the job's summary and the release notes what is inside, and that Pulumi alone has changed", () => {
    const markdown = readFileSync(summary, "utf8");
    assert.equal(readFileSync(inScratch("first", "inventory-v3.66.0.md"), "utf8"), markdown);
    const { git } = inside("python").tools;
    const changed = "3.64.0 → 3.66.0";
    const start = `## Inside v3.66.0\n\n| tool | javascript | python |\n| --- | --- | --- |\n| pulumi | ${changed} | ${changed} |\n`;
    assert.ok(markdown.startsWith(start), markdown);
    assert.ok(markdown.includes(`| git | ${git} | ${git} |`), markdown);
    assert.ok(markdown.includes("\n- all: compared with v3.64.0\n- all: base docker.io/library/debian:"), markdown);
    assert.equal(markdown.match(/→/g)?.length, 2);
    assert.doesNotMatch(markdown, /Changed Debian packages/);
  });

  it("reports a tag that the registry does not have, and a registry that does not answer", async () => {
    const repositories = languages.map((language) => scratch.repository(language)).join(", ");
    await assert.rejects(write("dev-v3.66.0", "none"), {
      message:
        `Tag dev-v3.66.0 does not exist in ${repositories}. Release Pulumi 3.66.0 under it first, or select languages ` +
        `that have it, such as LANGUAGE=python.`,
    });
    const elsewhere = readReleased(requireRelease("v3.66.0"), { python: "localhost:1/runner-pulumi-python" });
    await assert.rejects(elsewhere, {
      message:
        /^Could not read localhost:1\/runner-pulumi-python: .*Could not reach .*Retry when the registry answers\.$/,
    });
  });

  it("refuses an image of another version than its tag says", async () => {
    const digest = (await scratch.client("yaml").digest("v3.66.0")) ?? "";
    await scratch.moveTag("yaml", "latest", digest);
    await assert.rejects(write("latest-v3.64.0", "none", ["yaml"]), {
      message: /:latest@\S+ has Pulumi 3\.66\.0 instead of 3\.64\.0\. Use the TAG that latest serves now\.$/,
    });
  });

  it("reports a builder that does not answer", async () => {
    const { tools } = scratch.place.environment;
    const none = buildctl(tools.buildctl, `unix://${inScratch("none.sock")}`);
    await assert.rejects(write("v3.66.0", "none", ["yaml"], none), {
      message:
        /cannot be run on \S+ by BuildKit at unix:\S+: [^]*none\.sock[^]*\nCheck that the builder is available, /,
    });
  });

  it("refuses an image that cannot be run", async () => {
    const repository = `${scratch.prefix}/broken`;
    await pushImage(repository, "v3.60.0", {});
    const release = requireRelease("v3.60.0");
    const images = await readReleased(release, { yaml: repository });
    await assert.rejects(readInventory(release, images, builder), {
      message: /broken:v3\.60\.0@sha256:\S+ cannot be run on linux\/amd64 by BuildKit at [^]*(sh|exec)[^]*\nCheck that/,
    });
  });

  it("goes on without a previous image that cannot be run or read", async () => {
    const repository = scratch.repository("yaml");
    const writer = new RepositoryWriter(repository);
    const config = await writer.pushBlob(Buffer.from("no JSON"), "application/vnd.oci.image.config.v1+json");
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const cases: [push: () => Promise<string>, problem: RegExp][] = [
      [() => pushImage(repository, "v3.65.0", {}), /cannot be run on linux\/amd64 by /],
      [
        () => writer.pushManifest("v3.65.0", { schemaVersion: 2, mediaType, config, layers: [] }),
        /^Could not read .*JSON.*\. Retry when the registry answers\.$/,
      ],
    ];
    for (const [push, problem] of cases) {
      await push();
      await write("v3.66.0", "after-broken", ["yaml"]);
      const { yaml } = readWritten("after-broken").images;
      assert.equal(yaml?.platforms[own]?.tools["pulumi"], "3.66.0");
      assert.equal(yaml.previous?.tag, "v3.65.0");
      assert.match("problem" in yaml.previous ? yaml.previous.problem : "", problem);
    }
    await scratch.remove("yaml", "v3.65.0");
  });

  describe("with buildx, as in CI", () => {
    let programs: string;

    before(async () => {
      // The version that the docker-build plugin contains.
      const module = inScratch("buildx-module");
      cpSync(join(checkout, "local", "offline", "tools", "builder"), module, { recursive: true });
      const sums = readFileSync(join(module, "go.sum"), "utf8");
      const [, version] = /^github\.com\/docker\/buildx (v\S+) h1:/m.exec(sums) ?? [];
      const goMod = join(module, "go.mod");
      writeFileSync(goMod, `${readFileSync(goMod, "utf8")}\nrequire github.com/docker/buildx ${version}\n`);
      programs = inScratch("programs");
      await goBuild({ title: "buildx", module, packages: ["github.com/docker/buildx/cmd/buildx"], output: programs });
      // Like `docker buildx`.
      writeFileSync(join(programs, "docker"), '#!/bin/sh\nshift\nexec "$(dirname "$0")/buildx" "$@"\n');
      chmodSync(join(programs, "docker"), 0o755);
    });

    it("is the same", async () => {
      const { environment } = scratch.place;
      const project = inScratch("project-of-prod");
      mkdirSync(project);
      const config = stringify({ config: { "runner-pulumi:registry": scratch.prefix } });
      writeFileSync(join(project, "Pulumi.prod.yaml"), config);
      const { BUILDX_CONFIG = "", DOCKER_CONFIG = "" } = environment.env;
      const PATH = [programs, process.env["PATH"]].join(delimiter);
      const variables = { PATH, BUILDX_CONFIG, DOCKER_CONFIG, BUILDKIT_HOST: "", BUILDER: environment.builder };
      const target = stackTarget("prod", new Clone(project));
      await withEnvironment(variables, () =>
        inventory(target, "v3.66.0", selected(languages), unused, inScratch("by-buildx")),
      );
      assert.deepEqual(readWritten("by-buildx"), listed);
    });

    it("ignores an attestation in an image's index", async () => {
      const repository = `${scratch.prefix}/attested`;
      const folder = inScratch("attested");
      mkdirSync(folder);
      writeFileSync(join(folder, "Dockerfile"), `FROM ${scratch.repository("yaml")}:v3.66.0\n`);
      const { env, builder: name } = scratch.place.environment;
      const args = ["build", `--builder=${name}`, "--provenance=true", `--tag=${repository}:v3.66.0`, "--push", folder];
      await execa(join(programs, "buildx"), args, { env });
      const { manifests = [] } = (await new RepositoryClient(repository).manifest("v3.66.0")) ?? {};
      assert.equal(manifests.length, 2);
      const release = requireRelease("v3.66.0");
      const images = await readReleased(release, { yaml: repository });
      assert.deepEqual(images["yaml"]?.platforms, [own]);
      const { yaml } = (await readInventory(release, images, builder)).images;
      await write("v3.66.0", "unattested", ["yaml"]);
      assert.deepEqual(yaml?.platforms, readWritten("unattested").images["yaml"]?.platforms);
    });

    it("reports a builder that does not exist", async () => {
      const none = buildx("no-such-builder", [join(programs, "buildx")]);
      const target = `${scratch.repository("yaml")}@${await scratch.client("yaml").digest("v3.66.0")}`;
      await assert.rejects(readContents(none, { title: target, dockerfile: "", target, platform: own }), {
        message: /by builder no-such-builder: ERROR: no builder "no-such-builder" found\nCheck that the builder is/,
      });
    });
  });

  it("is the same on the builder of make up, and on the BuildKit in BUILDKIT_HOST", async () => {
    const variables = { REGISTRY: scratch.prefix, BUILDKIT_HOST: "", BUILDER: "" };
    const list = (folder: string, machine: MachineBuilder) =>
      inventory(localTarget(), "v3.66.0", selected(["yaml"]), machine, inScratch(folder));
    await withEnvironment(variables, () => list("by-machine", localBuilder));
    const { tools, buildKit } = scratch.place.environment;
    const PATH = [dirname(tools.buildctl), process.env["PATH"]].join(delimiter);
    await withEnvironment({ ...variables, BUILDKIT_HOST: buildKit, PATH }, () => list("by-buildkit", unused));
    assert.deepEqual(readWritten("by-buildkit"), readWritten("by-machine"));
    const yaml = readWritten("by-machine").images["yaml"]?.platforms[own];
    assert.deepEqual([yaml?.tools["pulumi"], yaml?.hosts], ["3.66.0", ["yaml"]]);
  });
});
