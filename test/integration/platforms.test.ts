import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { type Platform, platforms } from "../../images/platform";
import { stopDaemon } from "../../local/daemon";
import { addBuilder } from "../../local/environment";
import { inFolder } from "../../local/folder";
import { startBuildKit } from "../../local/services";
import { copyProgram } from "../support/programCopy";
import { says } from "../support/says";
import { Scratch } from "../support/scratch";

const both = Object.keys(platforms) as Platform[];
/** TEST_LANGUAGES=all releases every language for both platforms: make test-all. One is enough for what is tested. */
const everything = process.env["TEST_LANGUAGES"] === "all";
const javascriptAlone = {
  file: "index.ts",
  from: /import \{ catalogue \}(.*)\n/,
  to: `import { catalogue as all }$1\nconst catalogue = all.filter(({ name }) => name === "javascript");\n`,
};
const release = { pulumiVersion: "3.66.0" };

// One story: each test starts from what the one before has left in the registry.
describe("a release for two platforms", () => {
  let scratch: Scratch;
  let program: string;
  let released: Record<string, string>;

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], both);
    program = copyProgram(join(scratch.place.folder, "program"), everything ? [] : [javascriptAlone]);
  });
  after(() => scratch.stop());

  /** The digests of a release, by language. */
  async function digests(): Promise<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(await scratch.images()).map(([language, { digest }]) => [language, digest]),
    );
  }

  /** The operating system and architecture of each of an index's manifests. */
  async function platformsOf(language: string, digest: string): Promise<string[]> {
    const { manifests = [] } = (await scratch.client(language).manifest(digest)) ?? {};
    const found = manifests.map(async (manifest) => {
      const { config } = (await scratch.client(language).manifest(manifest.digest)) ?? {};
      const text = (await scratch.client(language).blob(config?.digest ?? "")).toString();
      const { os, architecture } = JSON.parse(text) as { os: string; architecture: string };
      return `${os}/${architecture}`;
    });
    return Promise.all(found);
  }

  it("publishes one index with a manifest of each", async () => {
    const { failed, output } = await scratch.up({ ...release, tag: "v3.66.0" }, { program });
    assert.equal(failed, false, output.slice(-3000));
    released = await digests();
    assert.ok(Object.keys(released).includes("javascript"));
    for (const [language, digest] of Object.entries(released)) {
      assert.deepEqual((await platformsOf(language, digest)).sort(), [...both].sort(), language);
      assert.equal(await scratch.client(language).digest("v3.66.0"), digest);
      assert.ok(await scratch.pulls(language, digest), language);
    }
  });

  it("publishes nothing where the smoke test of one platform is red", async () => {
    // An archive for arm64 whose programs do not run.
    const broken = join(scratch.place.folder, "broken");
    mkdirSync(join(broken, "pulumi"), { recursive: true });
    for (const name of ["pulumi", "pulumi-language-yaml", "pulumi-language-nodejs"]) {
      writeFileSync(join(broken, "pulumi", name), "#!/bin/false\n", { mode: 0o755 });
    }
    const bases = { ...scratch.place.environment.bases, "pulumi-arm64": broken };
    const red = copyProgram(join(scratch.place.folder, "red"), [javascriptAlone]);
    const { failed, output } = await scratch.up({ ...release, bases, tag: "latest" }, { program: red });
    assert.equal(failed, true, output.slice(-3000));
    says(output, /javascript-smoke.*[\s\S]*\/run\/smoke\/contract" did not complete successfully/);
    assert.equal(await scratch.client("javascript").digest("latest"), undefined);
  });

  it("makes the same digests on a builder with a node for each, without any cache, and tests each on its node", async () => {
    const { tools } = scratch.place.environment;
    const folders = both.map(() => mkdtempSync(inFolder("tests", "bk-")));
    const builder = "runner-pulumi-nodes";
    try {
      const nodes = both.map(async (platform, index) => {
        const address = await startBuildKit(tools, folders[index] ?? "", { platforms: [platform] });
        return { address, platform };
      });
      addBuilder(builder, await Promise.all(nodes));
      const { failed, output } = await scratch.up({ ...release, tag: "dev-v3.66.0", builder }, { program });
      assert.equal(failed, false, output.slice(-3000));
      assert.deepEqual(await digests(), released);
      for (const { address, platform } of await Promise.all(nodes)) {
        const { stdout } = await execa(tools.buildctl, ["--addr", address, "du", "--verbose"]);
        for (const step of ["/run/build/apt-install", "/run/smoke/contract", "/run/smoke/up"]) {
          assert.ok(stdout.includes(step), `${step} did not run on the node of ${platform}`);
        }
      }
    } finally {
      rmSync(inFolder("buildx", "instances", builder), { force: true });
      for (const folder of folders) {
        await stopDaemon("buildkit", folder);
        rmSync(folder, { recursive: true, force: true });
      }
    }
  });
});
