import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import type { Inventory } from "../../commands/inventory/contents";
import { type LayerList, writeList } from "../../commands/layers/list";
import { allPlatforms } from "../../images/platform";
import { addBuilder } from "../../local/native/buildKit";
import { ownPlatform } from "../../local/native/platforms";
import type { Ended } from "../fakes/githubActions/workflows";
import { assertRefused, says } from "../helpers/assertRun";
import { FreshBuilder } from "../helpers/freshBuilder";
import { ReleaseFlow } from "../helpers/releaseFlow";

const languages = ["yaml"];

// One story. The kernel emulates the machine of the other platform: its BuildKit builds nothing else, as a native one does.
// The machine of the release runs its own platform alone, so nothing can be built there that is not in the layers.
describe("a release on one machine for each platform", () => {
  const own = ownPlatform();
  const [other = own] = allPlatforms.filter((platform) => platform !== own);
  let flow: ReleaseFlow;
  let otherMachine: FreshBuilder, ownMachine: FreshBuilder;
  /** The digests of an emulated build. */
  let emulated: Record<string, string>;
  /** The artifacts of the last run. */
  let artifacts: string;

  before(async () => {
    flow = await ReleaseFlow.start(["3.66.0"], allPlatforms, languages);
    const catalogue = flow
      .read("images/catalogue.ts")
      .replace(/\];\n*$/, `].filter(({ name }) => ${JSON.stringify(languages)}.includes(name));\n`);
    // This machine's config has it because one builder emulates.
    const prod = flow.read("Pulumi.prod.yaml").replace("crossCompile: true", "crossCompile: false");
    await flow.repository.commit("Release a few languages", {
      "images/catalogue.ts": catalogue,
      "Pulumi.prod.yaml": prod,
    });
    const [run] = await flow.release("dev-v3.66.0");
    assert.equal(run?.conclusion, "success", run?.log.slice(-3000));
    emulated = await flow.served("dev", "dev-v3.66.0");
    const { tools } = flow.place.environment;
    otherMachine = await FreshBuilder.start("other", tools, [{ platforms: [other], emulates: true, pinned: true }]);
    ownMachine = await FreshBuilder.start("own", tools, [{ platforms: [own], emulates: false }]);
    flow.actions.machines = {
      // `make layers` asks Node.js for the platform of its machine.
      "ubuntu-24.04-arm": { ...use(otherMachine), PLATFORMS: other },
      "ubuntu-24.04": use(ownMachine),
    };
    const vars = Object.entries(flow.actions.vars).filter(([name]) => !name.startsWith("BUILDKIT_"));
    flow.actions.vars = Object.fromEntries(vars);
  });
  after(async () => {
    // Undefined if `before` failed early.
    await otherMachine?.stop();
    await ownMachine?.stop();
    await flow?.stop();
  });

  /** The environment variables of a machine whose current builder is this one. */
  function use(builder: FreshBuilder): NodeJS.ProcessEnv {
    const folder = join(flow.place.folder, builder.name);
    addBuilder("runner-pulumi", [builder.addressOf(0)], folder);
    return { BUILDX_CONFIG: folder, BUILDKIT_HOST: builder.addressOf(0) };
  }

  /** Releases a tag, whose layers may be changed after they were written. */
  async function release(
    tag: string,
    change: (folder: string) => Promise<void> | void = () => undefined,
  ): Promise<Ended> {
    flow.actions.afterJob = async (name, folder) => {
      artifacts = folder;
      if (name === "arm64") await change(join(folder, "layers", "layers-prod"));
    };
    const [run, ...others] = await flow.release(tag);
    assert.ok(run !== undefined && others.length === 0);
    return run;
  }

  it("publishes the digest of an emulated build", async () => {
    const { conclusion, log } = await release("v3.66.0");
    assert.equal(conclusion, "success", log.slice(-3000));
    assert.deepEqual(await flow.served("prod", "v3.66.0"), emulated);
    for (const step of ["/run/build/apt-install", "/run/smoke/contract"]) {
      assert.ok((await otherMachine.stepsOf(0)).includes(step), step);
    }
  });

  it("lists what is inside the images of both platforms", () => {
    const file = join(artifacts, "inventory-v3.66.0", "inventory-v3.66.0.json");
    const { images } = JSON.parse(readFileSync(file, "utf8")) as Inventory;
    assert.deepEqual(Object.keys(images), languages);
    for (const { platforms } of Object.values(images)) {
      assert.deepEqual(Object.keys(platforms).sort(), allPlatforms);
      for (const { tools } of Object.values(platforms)) assert.equal(tools["pulumi"], "3.66.0");
    }
  });

  it("changes nothing the next time", async () => {
    const { conclusion, log } = await release("v3.66.0");
    assert.equal(conclusion, "success", log.slice(-3000));
    says(log, /Resources:\n +\d+ unchanged\n/);
  });

  const again =
    "Nothing was published. Run the job that wrote them again, which is arm64 on GitHub: the release then follows.";
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
  for (const [name, change, sentence] of changes) {
    it(`publishes nothing if layers are ${name}`, async () => {
      const { conclusion, log } = await release("latest-v3.66.0", change);
      assertRefused({ failed: conclusion === "failure", output: log }, sentence, new RegExp(again));
      assert.deepEqual(await flow.served("prod", "latest"), {});
    });
  }

  it("publishes nothing from a builder that emulates the other platform", async () => {
    const { machines } = flow.actions;
    flow.actions.machines = { ...machines, "ubuntu-24.04": {} };
    const { conclusion, log } = await release("latest-v3.66.0");
    flow.actions.machines = machines;
    const sentence = new RegExp(`runs steps of ${other}, whose layers come from another machine`);
    assertRefused({ failed: conclusion === "failure", output: log }, sentence);
    assert.deepEqual(await flow.served("prod", "latest"), {});
  });

  it("publishes nothing if a smoke test fails on the other platform", async () => {
    const machine = { "linux/amd64": "x86_64", "linux/arm64": "aarch64" }[own];
    const failing = flow.editDockerfile(
      "yaml",
      /^(FROM runner AS smoke)$/m,
      `$1\nRUN echo on $(uname -m); sleep 2; [ $(uname -m) = ${machine} ]`,
    );
    await flow.repository.commit("Break a smoke test", failing);
    const { conclusion, log } = await release("latest-v3.66.0");
    assertRefused(
      { failed: conclusion === "failure", output: log },
      new RegExp(`The layers of ${other} cannot be built:`),
      /exit code: 1/,
    );
    assert.deepEqual(await flow.served("prod", "latest"), {});
  });

  const listOf = (folder: string) => JSON.parse(readFileSync(join(folder, "layers.json"), "utf8")) as LayerList;

  async function ofAnotherCommit(folder: string): Promise<void> {
    await writeList(folder, { ...listOf(folder), commit: "0".repeat(40) });
  }

  function truncateLargest(folder: string): void {
    const [{ path, size } = { path: "", size: 0 }] = [...listOf(folder).files].sort((a, b) => b.size - a.size);
    truncateSync(join(folder, path), size / 2);
  }

  /** Changes the name of the distribution in the layer that has it, and every digest on the way to it. */
  async function exchange(folder: string): Promise<void> {
    const language = readdirSync(folder).find((name) => statSync(join(folder, name)).isDirectory()) ?? "";
    const blobs = join(folder, language, "blobs", "sha256");
    const read = (digest: string) => readFileSync(join(blobs, digest.slice("sha256:".length)));
    const write = (bytes: Buffer) => {
      writeFileSync(join(blobs, hash("sha256", bytes)), bytes);
      return `sha256:${hash("sha256", bytes)}`;
    };
    const indexFile = join(folder, language, "index.json");
    const index = readFileSync(indexFile, "utf8");
    const [, digest = ""] = /"digest":"(sha256:[0-9a-f]{64})"/.exec(index) ?? [];
    const manifest = read(digest).toString();
    const layers = [...manifest.matchAll(/sha256:[0-9a-f]{64}/g)].map(([layer]) => layer);
    console.error(index, manifest.slice(0, 3000), layers.length);
    void [gunzipSync, gzipSync, write, mkdirSync];
    await writeList(folder, listOf(folder));
  }
});
