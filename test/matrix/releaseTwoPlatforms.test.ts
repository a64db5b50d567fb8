import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import type { Inventory } from "../../commands/inventory/contents";
import { type LayerList, writeList } from "../../commands/layers/list";
import { allPlatforms } from "../../images/platform";
import { addBuilder } from "../../local/addBuilder";
import { ownPlatform } from "../../local/native/platforms";
import type { Ended } from "../fakes/githubActions/workflows";
import { assertRefused, assertSucceeded, says } from "../helpers/assertRun";
import { FreshBuilder } from "../helpers/freshBuilder";
import { copyProgram, onlyLanguages } from "../helpers/programCopy";
import { Scratch } from "../helpers/scratch";
import type { TestStack } from "../helpers/testStack";
import { TwoMachines } from "../helpers/twoMachines";

const release = { pulumiVersion: "3.66.0" };
// One without a toolchain, and one whose layers could depend on the platform that builds.
const languages = ["yaml", "golang"];

interface Descriptor {
  readonly digest: string;
  readonly annotations: Record<string, string>;
}

// One story: each test starts from what the previous one leaves. languages.test.ts releases all languages.
describe("a release for two platforms", () => {
  let scratch: Scratch;
  let machines: TwoMachines;
  /** The digests from one BuildKit that emulates. */
  let emulated: Record<string, string>;
  /** The run of the release workflow on one machine for each platform, without any cache. */
  let first: Ended;

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], allPlatforms, languages);
    // Emulated, compiling the smoke program takes ten minutes: only languages.test.ts does it.
    machines = await TwoMachines.start(languages, (flow) =>
      flow.editDockerfile("golang", /\/run\/smoke\/up "hello from go"/, "true"),
    );
    // In parallel: emulation uses a single core.
    [emulated, first] = await Promise.all([up(scratch, { tag: "v3.66.0" }), machines.release("v3.66.0")]);
    // Emulated, installing packages took 17 minutes on two busy cores.
  }).timeout(3_600_000);
  after(async () => {
    // Both are undefined if `before` failed early.
    await machines?.stop();
    await scratch?.stop();
  });

  /** Releases with one builder, in this process's checkout. Returns the digests. */
  async function up(
    stack: TestStack,
    config: Record<string, unknown>,
    program?: string,
  ): Promise<Record<string, string>> {
    assertSucceeded(await stack.up({ ...release, ...config }, { program }));
    const images = Object.entries(await stack.images());
    return Object.fromEntries(images.map(([language, { digest }]) => [language, digest]));
  }

  describe("by one builder", () => {
    it("publishes one index with a manifest for each", async () => {
      assert.deepEqual(Object.keys(emulated).sort(), [...languages].sort());
      for (const [language, digest] of Object.entries(emulated)) {
        assert.equal(await scratch.client(language).digest("v3.66.0"), digest);
        assert.deepEqual(await scratch.platformsOf(language, digest), allPlatforms);
        assert.ok(await scratch.pulls(language, digest));
      }
    });

    it("publishes nothing if the smoke test of one platform fails", async () => {
      // An arm64 archive whose programs do not run.
      const broken = join(scratch.place.folder, "broken");
      mkdirSync(join(broken, "pulumi"), { recursive: true });
      for (const name of ["pulumi", "pulumi-language-yaml", "pulumi-language-go"]) {
        writeFileSync(join(broken, "pulumi", name), "#!/bin/false\n", { mode: 0o755 });
      }
      const bases = { ...scratch.place.environment.bases, "pulumi-arm64": broken };
      const run = await scratch.up({ ...release, bases, tag: "latest" });
      assertRefused(run, /\[linux\/arm64 smoke [\s\S]*\/run\/smoke\/contract" did not complete successfully/);
      for (const language of languages) assert.equal(await scratch.client(language).digest("latest"), undefined);
    });

    it("shares layers through a cache in a registry, and has the same digests from them", async () => {
      const own = [ownPlatform()];
      const cached = { platforms: own, cache: `${scratch.prefix}/cache` };
      const digests = await up(scratch, { ...cached, tag: "v3.66.0" });
      const { tools } = scratch.place.environment;
      const builder = await FreshBuilder.start("runner-pulumi-cached", tools, [{ platforms: own, emulates: true }]);
      try {
        assert.deepEqual(await up(scratch, { ...cached, tag: "dev-v3.66.0", builder: builder.name }), digests);
        assert.ok(!(await builder.stepsOf(0)).includes("/run/build/apt-install"), "packages were installed again");
      } finally {
        await builder.stop();
      }
    });
  });

  describe("on one machine for each platform", () => {
    const again =
      "Nothing was published. Run the job that wrote them again, which is arm64 on GitHub: the release then follows.";
    const served = (tag: string) => machines.flow.served("prod", tag);

    it("publishes the digests of an emulated build, without emulation where it publishes", async () => {
      assert.equal(first.conclusion, "success", first.log.slice(-3000));
      assert.deepEqual(first.ran, ["arm64", "release", "notes"]);
      assert.deepEqual(await served("v3.66.0"), emulated);
      for (const step of ["/run/build/apt-install", "/run/smoke/contract", "go mod tidy"]) {
        assert.ok((await machines.other.stepsOf(0)).includes(step), step);
      }
    });

    it("lists what is inside the images of both platforms", () => {
      const file = join(machines.artifacts, "inventory-v3.66.0", "inventory-v3.66.0.json");
      const { images } = JSON.parse(readFileSync(file, "utf8")) as Inventory;
      assert.deepEqual(Object.keys(images).sort(), [...languages].sort());
      for (const { platforms: listed } of Object.values(images)) {
        assert.deepEqual(Object.keys(listed).sort(), allPlatforms);
        for (const { tools } of Object.values(listed)) assert.equal(tools["pulumi"], "3.66.0");
      }
    });

    it("has the same digest from one builder with a node for each platform", async () => {
      const name = "runner-pulumi-nodes";
      addBuilder(name, machines.addresses);
      const yaml = copyProgram(join(scratch.place.folder, "yaml"), [onlyLanguages("yaml")]);
      const digests = await up(scratch.beside("nodes"), { tag: "v3.66.0", builder: name }, yaml);
      assert.deepEqual(digests, { yaml: emulated["yaml"] });
    });

    it("moves latest to the version that was just released, without building layers", async () => {
      const { conclusion, log, ran } = await machines.release("latest-v3.66.0");
      assert.equal(conclusion, "success", log.slice(-3000));
      assert.deepEqual(ran, ["plan", "release"]);
      says(log, /Resources:\n +~ 2 updated\n +\d+ unchanged\n/);
      assert.deepEqual(await served("latest"), emulated);
    });

    it("changes nothing the next time", async () => {
      const { conclusion, log, ran } = await machines.release("v3.66.0");
      assert.equal(conclusion, "success", log.slice(-3000));
      assert.deepEqual(ran, ["arm64", "release", "notes"]);
      says(log, /Nothing has changed: /);
    });

    const addVariable = () => machines.flow.editDockerfile("yaml", /^(FROM \S+ AS runner)$/m, "$1\nENV NEW=yes");

    it("reviews a pull request on both machines", async () => {
      const { flow } = machines;
      const dev = await machines.release("dev-v3.66.0");
      assert.equal(dev.conclusion, "success", dev.log.slice(-3000));
      await flow.repository.branch("proposal", addVariable());
      const { conclusion, log } = await flow.actions.preview("proposal", 7);
      assert.equal(conclusion, "success", log.slice(-3000));
      const [{ body } = { body: "" }] = flow.gitHub.comments;
      for (const stack of ["dev", "prod"]) {
        says(body, new RegExp(`Stack ${stack}, Pulumi 3\\.66\\.0:\\*\\* yaml changes`));
      }
      assert.doesNotMatch(body, /unknown/);
    });

    const changes: [name: string, change: (folder: string) => Promise<void> | void, sentence: RegExp][] = [
      [
        "missing",
        (folder) => rmSync(join(folder, ".."), { recursive: true }),
        /layers of the other platform are missing: /,
      ],
      ["another commit's", ofAnotherCommit, /are of commit 0{40}, and this release is of commit [0-9a-f]{40}\. /],
      ["truncated", truncateLargest, /are incomplete: \S+ is missing or truncated\. /],
      [
        "exchanged, with their manifest, their config and their list",
        exchange,
        /were exchanged: they are not those whose/,
      ],
    ];
    it("builds other content than what latest serves", async () => {
      await machines.flow.repository.commit("Add a variable", addVariable());
    });

    for (const [name, change, sentence] of changes) {
      it(`publishes nothing if layers are ${name}`, async () => {
        const { conclusion, log } = await machines.release("latest-v3.66.0", change);
        assertRefused({ failed: conclusion === "failure", output: log }, sentence, new RegExp(again));
        assert.deepEqual(await served("latest"), emulated);
      });
    }

    it("publishes nothing from a builder that emulates the other platform", async () => {
      const { conclusion, log } = await machines.emulating(() => machines.release("latest-v3.66.0"));
      const sentence = new RegExp(`runs steps of ${machines.platform}, whose layers come from another machine`);
      assertRefused({ failed: conclusion === "failure", output: log }, sentence);
      assert.deepEqual(await served("latest"), emulated);
    });

    it("publishes nothing if a smoke test fails on the other platform", async () => {
      const { flow, platform } = machines;
      const machine = { "linux/amd64": "x86_64", "linux/arm64": "aarch64" }[platform];
      // The sleep is for the provider, which drops what a build prints right before it fails.
      const failing = `RUN echo on $(uname -m); sleep 2; [ $(uname -m) != ${machine} ]`;
      const change = flow.editDockerfile("yaml", /^(FROM runner AS smoke)$/m, `$1\n${failing}`);
      await flow.repository.commit("Break a smoke test", change);
      const { conclusion, log } = await machines.release("latest-v3.66.0");
      const sentence = new RegExp(`The layers of ${platform} cannot be built:`);
      assertRefused({ failed: conclusion === "failure", output: log }, sentence, new RegExp(`on ${machine}`));
      assert.deepEqual(await served("latest"), emulated);
    });
  });

  const listOf = (folder: string) => JSON.parse(readFileSync(join(folder, "layers.json"), "utf8")) as LayerList;

  async function ofAnotherCommit(folder: string): Promise<void> {
    await writeList(folder, { ...listOf(folder), commit: "0".repeat(40) });
  }

  function truncateLargest(folder: string): void {
    const [{ path, size } = { path: "", size: 0 }] = [...listOf(folder).files].sort((a, b) => b.size - a.size);
    truncateSync(join(folder, path), Math.floor(size / 2));
  }

  /** Changes the number of the user in the layer that creates it, and every digest and size on the way there. */
  async function exchange(folder: string): Promise<void> {
    const blob = (digest: string) => join(folder, "blobs", ...digest.split(":"));
    const readJson = <T>(file: string) => JSON.parse(readFileSync(file, "utf8")) as T;
    const replace = (descriptor: Descriptor, bytes: Buffer) => {
      rmSync(blob(descriptor.digest));
      Object.assign(descriptor, { digest: `sha256:${hash("sha256", bytes)}`, size: bytes.length });
      writeFileSync(blob(descriptor.digest), bytes);
    };
    const index = readJson<{ manifests: Descriptor[] }>(join(folder, "index.json"));
    const own = index.manifests.find(({ annotations }) => Object.values(annotations).join().startsWith("yaml-"));
    assert.ok(own);
    const manifest = readJson<{ config: Descriptor; layers: Descriptor[] }>(blob(own.digest));
    let config = readFileSync(blob(manifest.config.digest), "utf8");
    for (const layer of manifest.layers) {
      const tar = gunzipSync(readFileSync(blob(layer.digest)));
      const at = tar.indexOf("spacelift:x:1983:1983:");
      if (at < 0) continue;
      tar.write("spacelift:x:1984", at);
      const old = layer.digest;
      replace(layer, gzipSync(tar));
      layer.annotations["containerd.io/uncompressed"] = `sha256:${hash("sha256", tar)}`;
      config = config.replaceAll(old, layer.digest);
      replace(manifest.config, Buffer.from(config));
      replace(own, Buffer.from(JSON.stringify(manifest)));
      writeFileSync(join(folder, "index.json"), JSON.stringify(index));
      return void (await writeList(folder, listOf(folder)));
    }
    assert.fail("No layer creates the user.");
  }
});
