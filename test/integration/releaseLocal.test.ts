import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { join } from "node:path";

import { execa } from "execa";

import { release } from "../../commands/release";
import { catalogue } from "../../images/catalogue";
import { requireRelease } from "../../images/gitTag";
import { readDockerfile, sourceDateEpoch } from "../../images/dockerfile";
import { archiveName, checksumsName } from "../../images/pulumiRelease";
import { checkout, inFolder } from "../../local/folder";
import { captureLog } from "../helpers/captureLog";
import { type LayerFile, filesOf, layersOf } from "../helpers/layers";
import { says } from "../helpers/says";
import { Scratch } from "../helpers/scratch";
import { stackTrace } from "../helpers/stackTrace";
import { withoutTerminal } from "../helpers/withoutTerminal";

const languages = catalogue.map(({ name }) => name);
const epoch = new Date(sourceDateEpoch(readDockerfile("python")) * 1000);
const all = { pulumiVersion: "3.66.0" };
/** The exact language hosts of an image besides YAML's. A language that is not listed may have one. */
const ownHosts: Readonly<Record<string, readonly string[]>> = {
  javascript: ["nodejs"],
  python: ["python", "python-exec"],
  golang: ["go"],
  dotnet: ["dotnet"],
  java: ["java"],
  yaml: [],
};

/** Whether a file of a layer is unchanged since a Debian package installed it, by dpkg's checksums. */
function isPackaged({ name, content }: LayerFile, files: readonly LayerFile[]): boolean {
  const line = `${createHash("md5").update(content).digest("hex")}  ${name}\n`;
  return files.some((file) => /^var\/lib\/dpkg\/info\/.*\.md5sums$/.test(file.name) && file.content.includes(line));
}

/** The state of the checkout according to git. A run must not change it. */
async function committedFiles(): Promise<string> {
  const { stdout } = await execa("git", ["status", "--porcelain"], { cwd: checkout });
  const { stdout: diff } = await execa("git", ["diff", "HEAD"], { cwd: checkout });
  return stdout + diff;
}

// One story: each test starts from the registry and the state that the previous one leaves.
describe("a release on this machine", () => {
  let scratch: Scratch;
  let before66: Record<string, string | undefined>;
  let committed: string;
  let began: Date;

  before(async () => {
    began = new Date();
    committed = await committedFiles();
    scratch = await Scratch.start(["3.66.0", "3.64.0"]);
  });
  after(() => scratch.stop());

  describe("of a version", () => {
    it("publishes the digests in the stack's outputs", async () => {
      const { failed, output } = await scratch.up({ ...all, tag: "v3.66.0" });
      assert.equal(failed, false, output);
      const images = await scratch.images();
      assert.deepEqual(Object.keys(images).sort(), [...languages].sort());
      before66 = await scratch.served("v3.66.0");
      for (const [language, { repository, tag, digest, reference }] of Object.entries(images)) {
        assert.equal(repository, scratch.repository(language));
        assert.equal(tag, "v3.66.0");
        assert.match(digest, /^sha256:[0-9a-f]{64}$/);
        assert.equal(digest, before66[language]);
        assert.equal(reference, `${repository}:v3.66.0@${digest}`);
      }
    });

    it("changes nothing the second time", async () => {
      const { failed, output } = await scratch.up({ ...all, tag: "v3.66.0" });
      assert.equal(failed, false, output);
      says(output, /Resources:\n +\d+ unchanged\n/);
      assert.deepEqual(await scratch.served("v3.66.0"), before66);
    });

    it("moves latest to the same digest, and leaves the version's own tag", async () => {
      const { failed, output } = await scratch.up({ ...all, tag: "latest" });
      assert.equal(failed, false, output);
      assert.deepEqual(await scratch.served("latest"), before66);
      assert.deepEqual(await scratch.served("v3.66.0"), before66);
    });

    it("previews what a release would change, and pushes nothing", async () => {
      const { failed, output } = await scratch.preview({ ...all, tag: "dev-v3.66.0" });
      assert.equal(failed, false, output);
      says(output, new RegExp(`~ ${languages.length} to update`));
      await nothingPublished("dev-v3.66.0");
    });

    it("leaves no time after the epoch and no build date in its own layers", async () => {
      // Two dates if midnight has passed since.
      const traces = [began, new Date()].flatMap((day) => [
        day.toISOString().slice(0, 10),
        `:${Math.floor(day.getTime() / 86_400_000)}:`,
      ]);
      // Languages share layers: each is read once.
      const seen = new Set<string>();
      for (const language of languages) {
        const repository = scratch.repository(language);
        const [, ...own] = await layersOf(repository, before66[language] ?? "");
        assert.ok(own.length >= 3, `${language} has ${own.length} layers of its own`);
        for (const layer of own.filter((digest) => !seen.has(digest))) {
          seen.add(layer);
          const files = await filesOf(repository, layer);
          for (const file of files) {
            assert.ok(file.modified <= epoch, `${language}: ${file.name} is of ${file.modified.toISOString()}`);
            const trace = traces.find((text) => file.content.includes(text));
            // A package's files may contain any date, such as that of its release.
            assert.ok(trace === undefined || isPackaged(file, files), `${language}: ${file.name} contains ${trace}`);
          }
        }
      }
    });

    it("leaves nothing of the build behind", async () => {
      const read = new Map<string, string[]>();
      for (const language of languages) {
        const repository = scratch.repository(language);
        const [, ...own] = await layersOf(repository, before66[language] ?? "");
        for (const layer of own.filter((digest) => !read.has(digest))) {
          read.set(
            layer,
            (await filesOf(repository, layer)).map(({ name }) => name),
          );
        }
        const names = own.flatMap((layer) => read.get(layer) ?? []);
        // A whiteout (.wh.) removes a file of the base.
        const left =
          /^(?!.*\/\.wh\.)(run\/build|tree|hosts|pulumi|tmp\/.|root\/\.|var\/lib\/apt\/lists\/.|var\/cache\/apt\/.*deb|var\/log\/.*log)/;
        assert.deepEqual(
          names.filter((name) => left.test(name)),
          [],
          language,
        );
        assert.ok(names.includes("usr/local/bin/pulumi"), language);
        const hosts = names.flatMap((name) => /\/pulumi-language-(.*)$/.exec(name)?.[1] ?? []);
        const ofLanguage = hosts.filter((host) => host !== "yaml");
        assert.ok(hosts.includes("yaml"), language);
        assert.ok(
          new Set(ofLanguage.map((host) => host.replace(/-exec$/, ""))).size <= 1,
          `${language}: ${ofLanguage.join()}`,
        );
        const expected = ownHosts[language];
        if (expected !== undefined) assert.deepEqual(ofLanguage.sort(), [...expected].sort(), language);
      }
    });
  });

  describe("if one language's smoke test fails", () => {
    let broken: Record<string, unknown>;

    before(() => {
      // A Go image without its language host: it builds, but its smoke test cannot run a Go program.
      const empty = inFolder("tests", "no-hosts");
      mkdirSync(join(empty, "hosts"), { recursive: true });
      broken = { bases: { ...scratch.place.environment.bases, "golang-hosts": empty } };
    });

    for (const command of ["preview", "up"] as const) {
      it(`moves no tag of any language in pulumi ${command}`, async () => {
        const latest = await scratch.served("latest");
        await scratch.pulumi("cancel", "--yes");
        for (const tag of ["latest", "v3.66.0"]) {
          const { failed, output } = await scratch[command]({ ...all, ...broken, tag });
          assert.equal(failed, true, output);
          says(output, /golang-smoke.*[\s\S]*did not complete successfully: exit code: [1-9]/);
        }
        assert.deepEqual(await scratch.served("latest"), latest);
        assert.deepEqual(await scratch.served("v3.66.0"), before66);
      });
    }

    it("publishes no new tag of any language", async () => {
      const { failed } = await scratch.up({ ...all, ...broken, pulumiVersion: "3.64.0", tag: "v3.64.0" });
      assert.equal(failed, true);
      await nothingPublished("v3.64.0");
    });
  });

  describe("if something cannot be released", () => {
    const faults: [string, Record<string, unknown>, RegExp][] = [
      [
        "a version that was never published",
        { pulumiVersion: "99.0.0", tag: "v99.0.0" },
        /Pulumi 99\.0\.0 was never published: \S+\/pulumi-99\.0\.0-checksums\.txt answers 404\./,
      ],
      [
        "a malformed version, tag and platform",
        { pulumiVersion: "three", tag: "release-1", platforms: ["linux/arm"] },
        /The config is invalid:\s+- pulumiVersion "three" is not.*\s+- tag "release-1" is not.*\s+- Unknown platform "linux\/arm"/,
      ],
      [
        "a list of platforms that is not a list",
        { ...all, tag: "v3.66.0", platforms: "linux/amd64" },
        /configuration key 'platforms' must be of type 'array<string>'/,
      ],
      [
        "a registry that does not respond",
        { ...all, tag: "v3.66.0", registry: "localhost:1" },
        /localhost:1\/.*connection refused/s,
      ],
    ];
    for (const [name, change, sentence] of faults) {
      it(`reports ${name} without a stack trace, and publishes nothing`, async () => {
        const latest = await scratch.served("latest");
        const { failed, output } = await scratch.up(change);
        assert.equal(failed, true, output);
        says(output, sentence);
        assert.doesNotMatch(output, stackTrace);
        assert.deepEqual(await scratch.served("latest"), latest);
        assert.deepEqual(await scratch.served("v3.66.0"), before66);
      });
    }

    it("stops at an archive that differs from the one that Pulumi published", async () => {
      const server = await startWrongMirror(scratch, "3.64.0");
      const { port } = server.address() as AddressInfo;
      const wrong = { pulumiReleases: `http://localhost:${port}` };
      const { failed, output } = await scratch.up({ ...wrong, pulumiVersion: "3.64.0", tag: "v3.64.0" });
      server.close();
      assert.equal(failed, true, output);
      says(output, /digest mismatch/);
      await nothingPublished("v3.64.0");
    });
  });

  describe("after earlier releases", () => {
    it("leaves every earlier tag if another version is released", async () => {
      const { failed, output } = await scratch.up({ pulumiVersion: "3.64.0", tag: "v3.64.0" });
      assert.equal(failed, false, output);
      const served = await scratch.served("v3.64.0");
      for (const language of languages) {
        assert.ok(served[language] !== undefined && served[language] !== before66[language], language);
      }
      assert.deepEqual(await scratch.served("v3.66.0"), before66);
      assert.deepEqual(await scratch.served("latest"), before66);
    });

    it("detects and repairs a tag that was deleted or moved by hand", async () => {
      const config = { pulumiVersion: "3.64.0", tag: "v3.64.0" };
      const served = await scratch.served("v3.64.0");
      await scratch.remove("python", "v3.64.0");
      await scratch.moveTag("golang", "v3.64.0", before66["golang"] ?? "");
      const unseen = await scratch.up(config);
      says(unseen.output, /Resources:\n +\d+ unchanged\n/);
      assert.notDeepEqual(await scratch.served("v3.64.0"), served);
      const lines = await scratch.release(config);
      assert.match(lines.join("\n"), /golang:v3\.64\.0 is sha256:[0-9a-f]{64} instead of sha256:/);
      assert.match(lines.join("\n"), /python:v3\.64\.0 does not exist instead of sha256:/);
      assert.equal(lines.length, 1);
      assert.deepEqual(await scratch.served("v3.64.0"), served);
    });

    const downgrade = new RegExp(
      `latest of ${languages.join(", ")} is Pulumi 3\\.66\\.0, which is newer than 3\\.64\\.0\\.\\s+latest is never downgraded\\. .*withdrawn\\.json`,
      "g",
    );
    for (const command of ["preview", "up"] as const) {
      it(`refuses to downgrade latest in pulumi ${command}, in one sentence for all languages`, async () => {
        const { failed, output } = await scratch[command]({ pulumiVersion: "3.64.0", tag: "latest" });
        assert.equal(failed, true, output);
        assert.equal(output.match(downgrade)?.length, 1, output);
        assert.doesNotMatch(output, stackTrace);
        assert.deepEqual(await scratch.served("latest"), before66);
      });
    }

    it("refuses to downgrade latest in make up, which ends with what that means for users", async () => {
      const target = {
        stack: "local",
        resolve: () => Promise.resolve(requireRelease("latest-v3.64.0")),
        registry: () => Promise.resolve({ registry: scratch.prefix, alias: "" }),
        prepare: () => scratch.configure({ pulumiVersion: "3.64.0", tag: "latest" }).then(() => scratch.project),
      } as const;
      const { lines, error } = await captureLog(() => withoutTerminal(() => release(target, "latest-v3.64.0")));
      assert.equal(lines.join("\n").match(downgrade)?.length, 1, lines.join("\n"));
      assert.doesNotMatch(lines.join("\n"), stackTrace);
      assert.equal(
        (error as Error).message,
        "pulumi up failed, see above. No tag has moved: users still pull what they did before.",
      );
      assert.deepEqual(await scratch.served("latest"), before66);
    });

    it("leaves everything published if the stack is destroyed", async () => {
      const { failed, output } = await scratch.pulumi("destroy", "--yes", "--non-interactive");
      assert.equal(failed, false, output);
      says(output, /retain/);
      assert.deepEqual(await scratch.served("v3.66.0"), before66);
      for (const digest of Object.values(await scratch.served("v3.64.0"))) assert.ok(digest !== undefined);
    });

    it("changes no committed file", async () => {
      assert.equal(await committedFiles(), committed);
    });
  });

  async function nothingPublished(tag: string): Promise<void> {
    assert.deepEqual(await scratch.served(tag), Object.fromEntries(languages.map((language) => [language, undefined])));
  }
});

/** Starts a mirror whose checksum file does not match its archive. */
async function startWrongMirror({ place: { environment } }: Scratch, version: string): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === `/${checksumsName(version)}`) {
      response.end(`${"0".repeat(64)}  ${archiveName(version, environment.platforms[0] ?? "linux/amd64")}\n`);
      return;
    }
    void fetch(`${environment.pulumiReleases}${request.url}`).then(async (answer) => {
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
