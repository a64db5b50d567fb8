import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { execa } from "execa";
import { stringify } from "yaml";

import { type Builder, askImage, buildctl, buildx } from "../../commands/inventory/builder";
import { findReleased } from "../../commands/inventory/find";
import { writeInventory } from "../../commands/inventory/inventory";
import type { Manifest } from "../../commands/inventory/model";
import { manifestOfStack } from "../../commands/inventory/stack";
import { argument, readDockerfile, stages } from "../../images/dockerfile";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { requireRelease } from "../../images/gitTag";
import { checkout, folder as environmentFolder } from "../../local/folder";
import { goBuild } from "../../local/install/goBuild";
import { ownPlatform } from "../../local/native/ownPlatform";
import { manifest as localManifest } from "../../local/manifest";
import { pushImage } from "../helpers/pushImage";
import { Scratch } from "../helpers/scratch";
import { withEnvironment } from "../helpers/withEnvironment";

const own = ownPlatform();
const languages = ["javascript", "python"];

// One story: two releases, and what the images say of themselves.
describe("the manifest of a release", () => {
  let scratch: Scratch;
  let builder: Builder;
  let manifest: Manifest;
  /** What the job's summary got. */
  let summary: string;

  before(async () => {
    scratch = await Scratch.start(["3.64.0", "3.66.0"]);
    const { buildKit, tools } = scratch.place.environment;
    builder = buildctl(tools.buildctl, buildKit);
    for (const version of ["3.64.0", "3.66.0"]) await scratch.release({ pulumiVersion: version, tag: `v${version}` });
    summary = inScratch("summary.md");
    manifest = await withEnvironment({ GITHUB_STEP_SUMMARY: summary }, () => write("v3.66.0", inScratch("manifests")));
  });
  after(() => scratch.stop());

  const inScratch = (...parts: string[]) => join(scratch.place.folder, ...parts);

  const find = (gitTag: string, of: readonly string[]) =>
    findReleased(requireRelease(gitTag), of, (language) => scratch.repository(language));

  async function write(gitTag: string, folder: string, earlier?: string, of = languages): Promise<Manifest> {
    const images = await find(gitTag, of);
    return writeInventory({ release: requireRelease(gitTag), images, builder, folder, earlier });
  }

  /** What a language's image says of itself on the machine's own platform. */
  function inside(language: string) {
    const contents = manifest.images[language]?.platforms[own];
    assert.ok(contents);
    return contents;
  }

  /** The version of a Debian package without its epoch, its revision and Debian's marks: that of the software. */
  function upstream(language: string, name: string): string {
    return (inside(language).packages[name] ?? "").replace(/^\d+:/, "").replace(/[-+~].*$/, "");
  }

  it("names the release, and each image by the digest that the registry serves", async () => {
    assert.deepEqual([manifest.version, manifest.tag, Object.keys(manifest.images)], ["3.66.0", "v3.66.0", languages]);
    for (const language of languages) {
      const digest = await scratch.client(language).digest("v3.66.0");
      const image = manifest.images[language];
      assert.ok(image);
      assert.equal(image.digest, digest);
      assert.equal(image.reference, `${scratch.repository(language)}:v3.66.0@${digest}`);
      assert.deepEqual(Object.keys(image.platforms), [own]);
      const debian = String(scratch.place.config["bases"]?.["debian" as never]);
      assert.equal(`docker-image://${image.base?.name}@${image.base?.digest}`, debian);
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

  it("has of Debian's tools the version that its package has", () => {
    for (const language of languages) {
      const { tools } = inside(language);
      assert.equal(tools["git"], upstream(language, "git"));
      assert.equal(tools["curl"], upstream(language, "curl"));
      // OpenSSH 10.0p1 says that it is 10.0p2.
      assert.equal(tools["ssh"]?.replace(/p\d+$/, ""), upstream(language, "openssh-client").replace(/p\d+$/, ""));
      assert.equal(tools["ca-certificates"], inside(language).packages["ca-certificates"]);
      assert.match(tools["os"] ?? "", /^Debian GNU\/Linux 13 \(trixie\)$/);
      assert.match(tools["debian"] ?? "", /^13\.\d+$/);
    }
    assert.equal(inside("python").tools["python"], upstream("python", "python3.13"));
    assert.equal(inside("python").tools["pip"], upstream("python", "python3-pip"));
    assert.equal(inside("javascript").packages["python3.13"], undefined);
  });

  it("is the same as JSON, byte by byte, when it is made again", async () => {
    const file = inScratch("manifests", "manifest-v3.66.0.json");
    const text = readFileSync(file, "utf8");
    assert.deepEqual(JSON.parse(text), manifest);
    const images = await find("v3.66.0", languages);
    // Without the answers that BuildKit has from the first time.
    const again: Builder = { ...builder, command: (...asked) => [...builder.command(...asked), "--no-cache"] };
    await writeInventory({ release: requireRelease("v3.66.0"), images, builder: again, folder: inScratch("again") });
    assert.equal(readFileSync(inScratch("again", "manifest-v3.66.0.json"), "utf8"), text);
  });

  it("shows in the summary of the job what is inside, and that Pulumi alone has changed since 3.64.0", () => {
    const markdown = readFileSync(summary, "utf8");
    assert.equal(readFileSync(inScratch("manifests", "manifest-v3.66.0.md"), "utf8"), markdown);
    const { git } = inside("python").tools;
    assert.ok(markdown.includes(`| tool | javascript | python |\n| --- | --- | --- |\n| pulumi | 3.66.0 | 3.66.0 |\n`));
    assert.ok(markdown.includes(`| git | ${git} | ${git} |`), markdown);
    const [, since] = markdown.split("### Since the release before");
    assert.equal(
      since,
      "\n\n- all: compared with v3.64.0\n\n| tool | before | now | images |\n| --- | --- | --- | --- |\n" +
        "| pulumi | 3.64.0 | 3.66.0 | all |\n",
    );
  });

  it("takes the release before from a manifest of it, where that is of the same digest", async () => {
    const earlier = inScratch("earlier");
    const before = await write("v3.64.0", earlier);
    const file = join(earlier, "manifest-v3.64.0.json");
    const text = JSON.stringify(before).replaceAll('"git":"2', '"git":"1');
    writeFileSync(file, text);
    await write("v3.66.0", inScratch("compared"), earlier);
    assert.match(
      readFileSync(inScratch("compared", "manifest-v3.66.0.md"), "utf8"),
      /\n\| git \| 1\S+ \| 2\S+ \| all \|/,
    );
    const { digest = "" } = before.images["python"] ?? {};
    writeFileSync(file, text.replaceAll(digest, `sha256:${"0".repeat(64)}`));
    await write("v3.66.0", inScratch("compared"), earlier);
    const markdown = readFileSync(inScratch("compared", "manifest-v3.66.0.md"), "utf8");
    assert.match(markdown, /\n\| git \| 1\S+ \| 2\S+ \| javascript \|/);
  });

  it("refuses a folder of earlier manifests that is not there, and a file in it that is none", async () => {
    const [none, broken] = [inScratch("none"), inScratch("broken")];
    await assert.rejects(write("v3.66.0", none, none), { message: /^BEFORE ".*none" is not there\. Give a folder/ });
    mkdirSync(broken);
    writeFileSync(join(broken, "manifest-v3.64.0.json"), "<html>");
    await assert.rejects(write("v3.66.0", none, broken), {
      message: /manifest-v3\.64\.0\.json is not a manifest: .*\. Remove it from BEFORE\.$/,
    });
  });

  it("says so of a tag that the registry does not have, and of a registry that does not answer", async () => {
    const repositories = languages.map((language) => scratch.repository(language)).join(", ");
    await assert.rejects(find("dev-v3.66.0", languages), {
      message:
        `There is no tag dev-v3.66.0 in ${repositories}. Release Pulumi 3.66.0 under it first, or name languages that ` +
        `were, such as LANGUAGE=python.`,
    });
    const elsewhere = findReleased(requireRelease("v3.66.0"), ["python"], () => "localhost:1/runner-pulumi-python");
    await assert.rejects(elsewhere, {
      message:
        /^localhost:1\/runner-pulumi-python cannot be read: .*cannot be reached: .*Retry when the registry answers\.$/,
    });
  });

  it("says so of an image whose tag is another version's", async () => {
    const digest = (await scratch.client("yaml").digest("v3.66.0")) ?? "";
    await scratch.moveTag("yaml", "latest", digest);
    await assert.rejects(write("latest-v3.64.0", inScratch("none"), undefined, ["yaml"]), {
      message: /:latest@\S+ has Pulumi 3\.66\.0, and 3\.64\.0 was asked for\. Give the TAG that latest is now\.$/,
    });
  });

  it("says so of a builder that does not answer", async () => {
    const reference = `${scratch.repository("yaml")}@${await scratch.client("yaml").digest("v3.66.0")}`;
    const { tools } = scratch.place.environment;
    await assert.rejects(askImage(buildctl(tools.buildctl, `unix://${inScratch("none.sock")}`), reference, own), {
      message: /cannot be run on \S+ by BuildKit at unix:\S+: [^]*none\.sock[^]*\nLook whether the builder is there, /,
    });
  });

  it("says so of an image that cannot be run, and goes on where it is the one before", async () => {
    const repository = `${scratch.prefix}/broken`;
    await pushImage(repository, "v3.60.0", {});
    const release = requireRelease("v3.60.0");
    const images = await findReleased(release, ["yaml"], () => repository);
    await assert.rejects(writeInventory({ release, images, builder, folder: inScratch("none") }), {
      message:
        /broken@sha256:\S+ cannot be run on linux\/amd64 by BuildKit at [^]*(sh|exec)[^]*\nLook whether the builder/,
    });
    const [yaml] = await find("v3.66.0", ["yaml"]);
    assert.ok(yaml);
    const [before] = images;
    const folder = inScratch("after-broken");
    await writeInventory({ release: requireRelease("v3.66.0"), images: [{ ...yaml, before }], builder, folder });
    const markdown = readFileSync(join(folder, "manifest-v3.66.0.md"), "utf8");
    assert.match(markdown, /\n- yaml: not compared with v3\.60\.0: \S+ cannot be run on linux\/amd64 by /);
    assert.match(markdown, /\n\| pulumi \| 3\.66\.0 \|/);
  });

  describe("with buildx, as in CI", () => {
    let programs: string;

    before(async () => {
      // The version that the docker-build plugin has in it.
      const module = inScratch("buildx-module");
      cpSync(join(checkout, "local", "tools", "builder"), module, { recursive: true });
      const sums = readFileSync(join(module, "go.sum"), "utf8");
      const [, version] = /^github\.com\/docker\/buildx (v\S+) h1:/m.exec(sums) ?? [];
      const goMod = join(module, "go.mod");
      writeFileSync(goMod, `${readFileSync(goMod, "utf8")}\nrequire github.com/docker/buildx ${version}\n`);
      programs = inScratch("programs");
      await goBuild({ title: "buildx", module, packages: ["github.com/docker/buildx/cmd/buildx"], output: programs });
      // What Docker does with `docker buildx`.
      writeFileSync(join(programs, "docker"), '#!/bin/sh\nshift\nexec "$(dirname "$0")/buildx" "$@"\n');
      chmodSync(join(programs, "docker"), 0o755);
    });

    it("is the same", async () => {
      const { environment } = scratch.place;
      const project = inScratch("project-of-prod");
      mkdirSync(project);
      const config = { registry: scratch.prefix, builder: environment.builder };
      const entries = Object.entries(config).map(([key, value]) => [`runner-pulumi:${key}`, value]);
      writeFileSync(join(project, "Pulumi.prod.yaml"), stringify({ config: Object.fromEntries(entries) }));
      const { BUILDX_CONFIG = "", DOCKER_CONFIG = "" } = environment.env;
      const PATH = [programs, process.env["PATH"]].join(delimiter);
      await withEnvironment(
        { PATH, BUILDX_CONFIG, DOCKER_CONFIG, BUILDKIT_HOST: "", LANGUAGE: languages.join(",") },
        () => manifestOfStack("v3.66.0", project, inScratch("by-buildx")),
      );
      const [one, other] = ["by-buildx", "manifests"].map((name) =>
        readFileSync(inScratch(name, "manifest-v3.66.0.json")),
      );
      assert.deepEqual(one, other);
    });

    it("takes an attestation in an image's index for no platform", async () => {
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
      const images = await findReleased(release, ["yaml"], () => repository);
      assert.deepEqual(images[0]?.platforms, [own]);
      const { yaml } = (await writeInventory({ release, images, builder, folder })).images;
      assert.deepEqual(
        yaml?.platforms[own],
        (await write("v3.66.0", folder, undefined, ["yaml"])).images["yaml"]?.platforms[own],
      );
    });

    it("says so of a builder that is not there", async () => {
      const reference = `${scratch.repository("yaml")}@${await scratch.client("yaml").digest("v3.66.0")}`;
      const none = buildx("no-such-builder", [join(programs, "buildx")]);
      await assert.rejects(askImage(none, reference, own), {
        message: /by builder no-such-builder: ERROR: no builder "no-such-builder" found\nLook whether the builder is/,
      });
    });
  });

  it("is made locally by make manifest, and where BUILDKIT_HOST names a BuildKit", async () => {
    const variables = { REGISTRY: scratch.prefix, LANGUAGE: "yaml" };
    await withEnvironment(variables, () => localManifest("v3.66.0"));
    const local = readFileSync(join(environmentFolder, "manifest-v3.66.0.json"), "utf8");
    const { tools, buildKit } = scratch.place.environment;
    const project = inScratch("project-of-buildkit");
    mkdirSync(project);
    writeFileSync(
      join(project, "Pulumi.prod.yaml"),
      stringify({ config: { "runner-pulumi:registry": scratch.prefix } }),
    );
    const PATH = [dirname(tools.buildctl), process.env["PATH"]].join(delimiter);
    await withEnvironment({ ...variables, BUILDKIT_HOST: buildKit, PATH }, () =>
      manifestOfStack("v3.66.0", project, inScratch("by-buildkit")),
    );
    assert.equal(readFileSync(inScratch("by-buildkit", "manifest-v3.66.0.json"), "utf8"), local);
    const yaml = (JSON.parse(local) as Manifest).images["yaml"]?.platforms[own];
    assert.deepEqual([yaml?.tools["pulumi"], yaml?.hosts], ["3.66.0", ["yaml"]]);
  });
});
