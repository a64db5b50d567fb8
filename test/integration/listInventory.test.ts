import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { execa } from "execa";
import { stringify } from "yaml";

import { type Builder, buildctl, buildx } from "../../commands/builder";
import { type Inventory, readContents } from "../../commands/inventory/contents";
import { inventory } from "../../commands/inventory/inventory";
import { readServed } from "../../commands/inventory/servedImages";
import { stackTarget } from "../../commands/stackTarget";
import type { Target } from "../../commands/target";
import { catalogue } from "../../images/catalogue";
import { argument, readDockerfile, stages } from "../../images/dockerfile";
import { Clone } from "../../lib/git";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { localBuilder } from "../../local/workshop";
import { checkout } from "../../local/folder";
import { goBuild, goEnvironment } from "../../local/install/goBuild";
import { ownPlatform } from "../../local/native/platforms";
import { localTarget } from "../../local/target";
import { RepositoryWriter, pushImage } from "../helpers/repositoryWriter";
import { Scratch } from "../helpers/scratch";
import { withEnvironment } from "../helpers/withEnvironment";

const own = ownPlatform();

interface Options {
  readonly gitTag?: string;
  readonly names?: readonly string[];
  readonly machine?: typeof localBuilder;
  readonly variables?: NodeJS.ProcessEnv;
  readonly target?: Target;
}

// One story: two releases, and what their images contain.
describe("the inventory of a release", () => {
  let scratch: Scratch;
  let builder: Builder;
  /** The first inventory. */
  let listed: Inventory;

  before(async () => {
    scratch = await Scratch.start(["3.64.0", "3.66.0"], undefined, ["javascript", "python", "yaml"]);
    const { buildKit, tools } = scratch.place.environment;
    builder = buildctl(tools.buildctl, buildKit);
    for (const version of ["3.64.0", "3.66.0"]) await scratch.release({ pulumiVersion: version, tag: `v${version}` });
    const variables = { GITHUB_STEP_SUMMARY: inScratch("summary.md") };
    listed = await list("first", { names: ["javascript", "python"], variables });
  });
  after(() => scratch.stop());

  const inScratch = (...parts: string[]) => join(scratch.place.folder, ...parts);

  /** Lists as `make inventory` does, with the registry of this test; by default YAML's image of v3.66.0. */
  async function list(
    folder: string,
    { gitTag = "v3.66.0", names = ["yaml"], machine = () => Promise.resolve(builder), ...options }: Options = {},
  ): Promise<Inventory> {
    const languages = catalogue.filter(({ name }) => names.includes(name));
    const variables = { REGISTRY: scratch.prefix, BUILDKIT_HOST: "", BUILDER: "", ...options.variables };
    const target = options.target ?? localTarget();
    await withEnvironment(variables, () => inventory(target, gitTag, languages, machine, inScratch(folder)));
    return JSON.parse(readFileSync(inScratch(folder, `inventory-${gitTag}.json`), "utf8")) as Inventory;
  }

  /** Fails if it is used although the environment names a builder. */
  const unused = () => Promise.reject(new Error("The builder of this machine is used."));

  /** The contents of a language's image on the machine's own platform. */
  function inside(language: string, of = listed) {
    const contents = of.images[language]?.platforms[own];
    assert.ok(contents);
    return contents;
  }

  it("names the release, and each image by the digest that the registry serves", async () => {
    const { images, leftOut, ...release } = listed;
    // The mirror's releases have no other files.
    assert.deepEqual(leftOut, { files: {}, languages: {} });
    assert.deepEqual([release, Object.keys(images)], [{ version: "3.66.0", tag: "v3.66.0" }, ["javascript", "python"]]);
    for (const [language, image] of Object.entries(images)) {
      const digest = await scratch.client(language).digest("v3.66.0");
      assert.equal(image.reference, `${scratch.repository(language)}:v3.66.0@${digest}`);
      assert.deepEqual(Object.keys(image.platforms), [own]);
      // The official base, also if a substitute was built from.
      assert.equal(image.base, `docker.io/library/${stages(readDockerfile(language)).get("debian")}`);
    }
  });

  it("has the Pulumi version, the hosts and the toolchain that the Dockerfile pins, in its image alone", () => {
    const dockerfile = readDockerfile("javascript");
    const [, node] = /^node:([\d.]+)-/.exec(stages(dockerfile).get("node") ?? "") ?? [];
    const [yarn, pnpm] = ["YARN_VERSION", "PNPM_VERSION"].map((name) => argument(dockerfile, name));
    const { tools, hosts } = inside("javascript");
    const { npm = "", corepack = "", ...pinned } = tools;
    assert.partialDeepStrictEqual(pinned, { pulumi: "3.66.0", node, yarn, pnpm });
    for (const version of [npm, corepack]) assert.match(version, /^\d+\.\d+\.\d+$/);
    // Every image has Python.
    for (const name of ["go", "java", "dotnet-sdk"]) assert.equal(tools[name], undefined, name);
    assert.deepEqual(hosts, ["nodejs", "yaml"]);
    const python = inside("python");
    assert.ok(python.tools["python"] !== undefined && python.tools["node"] === undefined);
    assert.deepEqual(python.hosts, ["python", "yaml"]);
  });

  it("has the version of a Debian package for the tools in it", () => {
    for (const language of ["javascript", "python"]) {
      const { tools, packages } = inside(language);
      // Without epoch, revision and Debian's suffixes. OpenSSH 10.0p1 prints 10.0p2.
      const upstream = (name: string) => packages[name]?.replace(/^\d+:/, "").replace(/(p\d+)?[-+~].*$/, "");
      const { git, curl, ssh, python, pip, os = "" } = tools;
      const [debianGit, debianCurl, debianSsh] = ["git", "curl", "openssh-client"].map(upstream);
      assert.deepEqual([git, curl, ssh?.replace(/p\d+$/, "")], [debianGit, debianCurl, debianSsh]);
      assert.deepEqual([python, pip], [upstream("python3.13"), upstream("python3-pip")]);
      assert.equal(tools["ca-certificates"], packages["ca-certificates"]);
      assert.match(os, /^debian 13\.\d+$/);
    }
  });

  it("is the same, byte by byte, if it is read again", async () => {
    // Without the answers in BuildKit's cache.
    const again: Builder = { ...builder, command: (...build) => [...builder.command(...build), "--no-cache"] };
    await list("again", { names: ["javascript", "python"], machine: () => Promise.resolve(again) });
    const [one, other] = ["first", "again"].map((folder) => readFileSync(inScratch(folder, "inventory-v3.66.0.json")));
    assert.deepEqual(one, other);
  });

  it("shows in the job's summary and the release notes what is inside, and that Pulumi alone has changed", () => {
    const markdown = readFileSync(inScratch("summary.md"), "utf8");
    assert.equal(readFileSync(inScratch("first", "inventory-v3.66.0.md"), "utf8"), markdown);
    const { git } = inside("python").tools;
    const changed = "3.64.0 → 3.66.0";
    const start = `## Inside v3.66.0\n\n| tool | javascript | python |\n| --- | --- | --- |\n| pulumi | ${changed} | ${changed} |\n`;
    assert.ok(markdown.startsWith(start), markdown);
    assert.ok(markdown.includes(`| git | ${git} | ${git} |`), markdown);
    assert.ok(markdown.includes("\n- all: compared with v3.64.0\n- all: base docker.io/library/debian:"), markdown);
    assert.equal(markdown.match(/→/g)?.length, 2);
    // The layers with Pulumi's CLI and hosts.
    const pulls = /\n\| linux\/\w+ \| (\S+) of (\S+) \| (\S+) of (\S+) \|\n/.exec(markdown)?.slice(1).map(Number);
    const [added = 0, whole = 0] = pulls ?? [];
    assert.ok(added > 10 && added < whole / 2, markdown);
    assert.doesNotMatch(markdown, /Changed Debian packages/);
  });

  it("reports a tag that the registry does not have, and a registry that does not answer", async () => {
    const names = ["javascript", "python"];
    const repositories = names.map((language) => scratch.repository(language)).join(", ");
    const remedy = "Release Pulumi 3.66.0 under it first, or select languages that have it, such as LANGUAGE=python.";
    await assert.rejects(list("none", { gitTag: "dev-v3.66.0", names }), {
      message: `Tag dev-v3.66.0 does not exist in ${repositories}. ${remedy}`,
    });
    const message =
      /^Could not read localhost:1\/runner-pulumi-yaml: .*Could not reach .*Retry when the registry answers\.$/;
    await assert.rejects(list("none", { variables: { REGISTRY: "localhost:1" } }), { message });
  });

  it("refuses an image of another version than its tag says", async () => {
    await scratch.moveTag("yaml", "latest", (await scratch.client("yaml").digest("v3.66.0")) ?? "");
    await assert.rejects(list("none", { gitTag: "latest-v3.64.0" }), {
      message: /:latest@\S+ has Pulumi 3\.66\.0 instead of 3\.64\.0\. Use the TAG that latest serves now\.$/,
    });
  });

  it("reports a builder that does not answer", async () => {
    const none = buildctl(scratch.place.environment.tools.buildctl, `unix://${inScratch("none.sock")}`);
    await assert.rejects(list("none", { machine: () => Promise.resolve(none) }), {
      message:
        /cannot be run on \S+ by BuildKit at unix:\S+: [^]*none\.sock[^]*\nCheck that the builder is available, /,
    });
  });

  it("refuses an image that cannot be run, and goes on without a previous one that cannot be run or read", async () => {
    const repository = scratch.repository("yaml");
    const unusable = () => pushImage(repository, "v3.65.0", {});
    await unusable();
    await assert.rejects(list("none", { gitTag: "v3.65.0" }), {
      message: /:v3\.65\.0@sha256:\S+ cannot be run on \S+ by BuildKit at [^]*\/bin\/sh[^]*\nCheck that/,
    });
    const writer = new RepositoryWriter(repository);
    const config = await writer.pushBlob(Buffer.from("no JSON"), "application/vnd.oci.image.config.v1+json");
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const unreadable = () => writer.pushManifest("v3.65.0", { schemaVersion: 2, mediaType, config, layers: [] });
    for (const [push, problem] of [
      [unusable, /cannot be run on linux\/amd64 by /],
      [unreadable, /^Could not read .*JSON.*\. Retry when the registry answers\.$/],
    ] as const) {
      await push();
      const after = await list("after-broken");
      assert.equal(inside("yaml", after).tools["pulumi"], "3.66.0");
      const { tag, ...previous } = after.images["yaml"]?.previous ?? {};
      assert.equal(tag, "v3.65.0");
      assert.match("problem" in previous ? previous.problem : "", problem);
    }
    await scratch.remove("yaml", "v3.65.0");
  });

  describe("with buildx, as in CI", () => {
    let variables: NodeJS.ProcessEnv;

    before(async () => {
      // The version that the docker-build plugin contains.
      const module = inScratch("buildx-module");
      cpSync(join(checkout, "local", "offline", "tools", "builder"), module, { recursive: true });
      const sums = readFileSync(join(module, "go.sum"), "utf8");
      const [, version] = /^github\.com\/docker\/buildx (v\S+) h1:/m.exec(sums) ?? [];
      const update = { cwd: module, env: { ...goEnvironment, GOFLAGS: "-mod=mod" } };
      await execa("go", ["get", `github.com/docker/buildx/cmd/buildx@${version}`], update);
      const programs = inScratch("programs");
      await goBuild({ title: "buildx", module, packages: ["github.com/docker/buildx/cmd/buildx"], output: programs });
      // Like `docker buildx`.
      writeFileSync(join(programs, "docker"), '#!/bin/sh\nshift\nexec "$(dirname "$0")/buildx" "$@"\n');
      chmodSync(join(programs, "docker"), 0o755);
      const { env, builder: BUILDER } = scratch.place.environment;
      const { BUILDX_CONFIG, DOCKER_CONFIG } = env;
      variables = { PATH: [programs, process.env["PATH"]].join(delimiter), BUILDX_CONFIG, DOCKER_CONFIG, BUILDER };
    });

    it("is the same", async () => {
      const project = inScratch("project-of-prod");
      cpSync(join(checkout, "Pulumi.yaml"), join(project, "Pulumi.yaml"));
      const { pulumiReleases, signatures } = scratch.ownConfig;
      const values = Object.entries({ registry: scratch.prefix, pulumiReleases, signatures });
      const config = stringify({ config: Object.fromEntries(values.map(([k, v]) => [`runner-pulumi:${k}`, v])) });
      writeFileSync(join(project, "Pulumi.prod.yaml"), config);
      const target = stackTarget("prod", new Clone(project));
      const options = { names: ["javascript", "python"], machine: unused, variables, target };
      assert.deepEqual(await list("by-buildx", options), listed);
    });

    it("ignores an attestation in an image's index", async () => {
      const registry = `${scratch.prefix}/attested`;
      const repository = `${registry}/runner-pulumi-yaml`;
      const folder = inScratch("attested");
      mkdirSync(folder);
      writeFileSync(join(folder, "Dockerfile"), `FROM ${scratch.repository("yaml")}:v3.66.0\n`);
      const args = [`--builder=${variables["BUILDER"]}`, "--provenance=true", `--tag=${repository}:v3.66.0`, "--push"];
      await execa("docker", ["buildx", "build", ...args, folder], { env: variables });
      const { manifests = [] } = (await new RepositoryClient(repository).manifest("v3.66.0")) ?? {};
      assert.equal(manifests.length, 2);
      assert.deepEqual((await readServed(repository, "v3.66.0"))?.platforms, [own]);
      const attested = await list("attested", { variables: { REGISTRY: registry } });
      const { platforms } = (await list("unattested")).images["yaml"] ?? {};
      assert.deepEqual(attested.images["yaml"]?.platforms, platforms);
    });

    it("reports a builder that does not exist", async () => {
      const target = `${scratch.repository("yaml")}@${await scratch.client("yaml").digest("v3.66.0")}`;
      const build = { title: target, platform: own, inputs: { target } };
      const reading = () => readContents(buildx("no-such-builder"), build);
      await assert.rejects(withEnvironment(variables, reading), {
        message: /by builder no-such-builder: ERROR: no builder "no-such-builder" found\nCheck that the builder is/,
      });
    });
  });

  it("is the same on the builder of make up, and on the BuildKit in BUILDKIT_HOST", async () => {
    const byMachine = await list("by-machine", { machine: localBuilder });
    const { tools, buildKit } = scratch.place.environment;
    const PATH = [dirname(tools.buildctl), process.env["PATH"]].join(delimiter);
    const variables = { BUILDKIT_HOST: buildKit, PATH };
    assert.deepEqual(await list("by-buildkit", { machine: unused, variables }), byMachine);
    const { tools: found, hosts } = inside("yaml", byMachine);
    assert.deepEqual([found["pulumi"], hosts], ["3.66.0", ["yaml"]]);
  });
});
