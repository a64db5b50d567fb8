import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { catalogue } from "../../images/catalogue";
import { readDockerfile, sourceDateEpoch } from "../../images/dockerfile";
import { archiveName, checksumsName } from "../../images/pulumiRelease";
import { checkout, inFolder } from "../../local/folder";
import { assertRefused, assertSucceeded } from "../helpers/assertRun";
import { serve } from "../helpers/http";
import { type LayerFile, filesOf, layersOf } from "../helpers/layers";
import { Scratch } from "../helpers/scratch";

const languages = catalogue.map(({ name }) => name);
const epoch = new Date(sourceDateEpoch(readDockerfile("python")) * 1000);
const v66 = { pulumiVersion: "3.66.0", tag: "v3.66.0" };
const v64 = { pulumiVersion: "3.64.0", tag: "v3.64.0" };
/** The exact language hosts of an image besides YAML's. A language that is not listed may have one. */
const ownHosts: Readonly<Record<string, readonly string[]>> = {
  javascript: ["nodejs"],
  python: ["python", "python-exec"],
  golang: ["go"],
  dotnet: ["dotnet"],
  java: ["java"],
  yaml: [],
  full: ["dotnet", "go", "java", "nodejs", "python", "python-exec"],
};

/** Whether a file of a layer is unchanged since a Debian package installed it, by dpkg's checksums. */
function isPackaged({ name, content }: LayerFile, files: readonly LayerFile[]): boolean {
  const line = `${createHash("md5").update(content).digest("hex")}  ${name}\n`;
  return files.some((file) => /^var\/lib\/dpkg\/info\/.*\.md5sums$/.test(file.name) && file.content.includes(line));
}

/** The state of the checkout according to git. A run must not change it. */
async function committedFiles(): Promise<string> {
  const runs = ["status --porcelain", "diff HEAD"].map((args) => execa("git", args.split(" "), { cwd: checkout }));
  return (await Promise.all(runs)).map(({ stdout }) => stdout).join("\n");
}

// One story: each test starts from the registry and the state that the previous one leaves.
describe("a release on this machine", () => {
  let scratch: Scratch;
  let before66: Record<string, string>;
  let committed: string;
  let began: Date;

  before(async () => {
    began = new Date();
    committed = await committedFiles();
    scratch = await Scratch.start(["3.66.0", "3.64.0"]);
  });
  after(() => scratch.stop());

  /** Asserts that the tags of the first release serve what it published. */
  async function assertUnchanged(...tags: string[]): Promise<void> {
    for (const tag of tags) assert.deepEqual(await scratch.served(tag), before66, tag);
  }

  describe("of a version", () => {
    it("publishes the digests in the stack's outputs", async () => {
      assertSucceeded(await scratch.up(v66));
      const images = await scratch.images();
      assert.deepEqual(Object.keys(images).sort(), [...languages].sort());
      before66 = await scratch.served("v3.66.0");
      for (const [language, image] of Object.entries(images)) {
        assert.match(image.digest, /^sha256:[0-9a-f]{64}$/);
        const [repository, digest] = [scratch.repository(language), before66[language]];
        const reference = `${repository}:v3.66.0@${digest}`;
        assert.deepEqual(image, { repository, tag: "v3.66.0", digest, reference, pushesAgain: 0 });
      }
    });

    it("moves latest to the same digest, and leaves the version's own tag", async () => {
      assertSucceeded(await scratch.up({ ...v66, tag: "latest" }));
      await assertUnchanged("latest", "v3.66.0");
    });
  });

  describe("in its own layers", () => {
    /** The names of the files in the layers of each language. */
    const contents = new Map<string, readonly string[]>();

    it("leaves no time after the epoch and no build date", async () => {
      // Two dates if midnight has passed since.
      const traces = [began, new Date()].flatMap((day) => [
        day.toISOString().slice(0, 10),
        `:${Math.floor(day.getTime() / 86_400_000)}:`,
      ]);
      // Languages share layers: each is read once.
      const read = new Map<string, readonly string[]>();
      for (const language of languages) {
        const repository = scratch.repository(language);
        const [, ...own] = await layersOf(repository, before66[language] ?? "");
        assert.ok(own.length >= 3, `${language} has ${own.length} layers of its own`);
        for (const layer of own.filter((digest) => !read.has(digest))) {
          const files = await filesOf(repository, layer);
          read.set(
            layer,
            files.map(({ name }) => name),
          );
          for (const file of files) {
            assert.ok(file.modified <= epoch, `${language}: ${file.name} is of ${file.modified.toISOString()}`);
            const trace = traces.find((text) => file.content.includes(text));
            // A package's files may contain any date, such as that of its release.
            assert.ok(trace === undefined || isPackaged(file, files), `${language}: ${file.name} contains ${trace}`);
          }
        }
        contents.set(
          language,
          own.flatMap((layer) => read.get(layer) ?? []),
        );
      }
    });

    it("leaves nothing of the build behind", () => {
      assert.deepEqual([...contents.keys()], languages);
      // A whiteout (.wh.) removes a file of the base.
      const left =
        /^(?!.*\/\.wh\.)(run\/build|tree|hosts|pulumi|tmp\/.|root\/\.|var\/lib\/apt\/lists\/.|var\/cache\/apt\/.*deb|var\/log\/.*log)/;
      for (const [language, names] of contents) {
        const found = names.filter((name) => left.test(name));
        assert.deepEqual(found, [], language);
        assert.ok(names.includes("usr/local/bin/pulumi"), language);
      }
    });

    it("has the language hosts of YAML and of its language", () => {
      for (const [language, names] of contents) {
        const hosts = names.flatMap((name) => /\/pulumi-language-(.*)$/.exec(name)?.[1] ?? []).sort();
        const own = hosts.filter((host) => host !== "yaml");
        assert.notDeepEqual(own, hosts, language);
        const expected = ownHosts[language];
        if (expected !== undefined) assert.deepEqual(own, expected, language);
        else assert.ok(new Set(own.map((host) => host.replace(/-exec$/, ""))).size <= 1, `${language}: ${own.join()}`);
      }
    });
  });

  describe("if one language's smoke test fails", () => {
    let bases: Record<string, string>;
    const failure = /golang-smoke.*[\s\S]*did not complete successfully: exit code: [1-9]/;

    before(() => {
      // A Go image without its language host: it builds, but its smoke test cannot run a Go program.
      const empty = inFolder("tests", "no-hosts");
      mkdirSync(join(empty, "hosts"), { recursive: true });
      bases = { ...scratch.place.environment.bases, "golang-hosts": empty };
    });

    it("moves no tag of any language in pulumi preview and pulumi up", async () => {
      for (const tag of ["latest", "v3.66.0"]) {
        assertRefused(await scratch.preview({ ...v66, bases, tag }), failure);
        assertRefused(await scratch.up({ ...v66, bases, tag }), failure);
      }
      await assertUnchanged("latest", "v3.66.0");
    });

    it("publishes no new tag of any language", async () => {
      assertRefused(await scratch.up({ ...v64, bases }), failure);
      assert.deepEqual(await scratch.served("v3.64.0"), {});
    });
  });

  describe("if something cannot be released", () => {
    const malformed = { pulumiVersion: "three", tag: "release-1", platforms: ["linux/arm"] };
    for (const [name, config, sentence] of [
      [
        "a malformed version, tag and platform",
        malformed,
        /The config is invalid:\s+- pulumiVersion "three" is not.*\s+- tag "release-1" is not.*\s+- Unknown platform "linux\/arm"/,
      ],
      [
        "a list of platforms that is not a list",
        { ...v66, platforms: "linux/amd64" },
        /configuration key 'platforms' must be of type 'array<string>'/,
      ],
      ["a registry that does not respond", { ...v66, registry: "localhost:1" }, /localhost:1\/.*connection refused/s],
    ] as const) {
      it(`reports ${name} without a stack trace, and publishes nothing`, async () => {
        assertRefused(await scratch.up(config), sentence);
        await assertUnchanged("latest", "v3.66.0");
      });
    }

    it("stops at an archive that differs from the one that Pulumi published", async () => {
      const { platforms, pulumiReleases } = scratch.place.environment;
      const body = `${"0".repeat(64)}  ${archiveName("3.64.0", platforms[0] ?? "linux/amd64")}\n`;
      const { url } = await serve(({ url: path }) => {
        if (path === `/${checksumsName("3.64.0")}`) return { body };
        return { status: 302, headers: { location: `${pulumiReleases}${path}` } };
      });
      const sentence =
        /is not the archive that Pulumi published: its SHA-256 is [0-9a-f]{64} instead of 0{64}\. Nothing/;
      assertRefused(await scratch.up({ ...v64, pulumiReleases: url }), sentence);
      assert.deepEqual(await scratch.served("v3.64.0"), {});
    });
  });

  describe("after the release", () => {
    it("refuses to downgrade latest in pulumi preview, pulumi up and make up, in one sentence for all languages", async () => {
      const sentence = new RegExp(
        `latest of ${languages.join(", ")} is Pulumi 3\\.66\\.0, which is newer than 3\\.64\\.0\\.\\s+latest is never downgraded\\. .*withdrawn\\.json`,
        "g",
      );
      const older = { ...v64, tag: "latest" };
      const failure = (error: Error) => ({ failed: true, output: error.message });
      const release = () => scratch.release(older).then(() => assert.fail(), failure);
      for (const run of [await scratch.preview(older), await scratch.up(older), await release()]) {
        assertRefused(run);
        assert.equal(run.output.match(sentence)?.length, 1, run.output);
        await assertUnchanged("latest");
      }
    });

    it("leaves everything published if the stack is destroyed", async () => {
      assertSucceeded(await scratch.pulumi("destroy", "--yes", "--non-interactive"), /retain/);
      await assertUnchanged("latest", "v3.66.0");
    });

    it("changes no committed file", async () => assert.equal(await committedFiles(), committed));
  });
});
