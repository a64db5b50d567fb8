import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import type { Inventory } from "../../commands/inventory/contents";
import { type LayerList, writeList } from "../../commands/layers/list";
import { allPlatforms, platforms } from "../../images/platform";
import { assertRefused, says } from "../helpers/assertRun";
import { TwoMachines } from "../helpers/twoMachines";

const languages = ["yaml"];

interface Descriptor {
  readonly digest: string;
  readonly annotations: Record<string, string>;
}

// One story: each test starts from what the previous one leaves.
describe("a release on one machine for each platform", () => {
  let machines: TwoMachines;
  before(async () => {
    machines = await TwoMachines.start(languages);
  });
  // Undefined if `before` failed.
  after(() => machines?.stop());

  it("publishes the digest of an emulated build", async () => {
    const { conclusion, log } = await machines.release("v3.66.0");
    assert.equal(conclusion, "success", log.slice(-3000));
    assert.deepEqual(await machines.flow.served("prod", "v3.66.0"), machines.emulated);
    for (const step of ["/run/build/apt-install", "/run/smoke/contract"]) {
      assert.ok((await machines.other.stepsOf(0)).includes(step), step);
    }
    // Emulated, installing packages took 17 minutes on two busy cores.
  }).timeout(3_600_000);

  it("lists what is inside the images of both platforms", () => {
    const file = join(machines.artifacts, "inventory-v3.66.0", "inventory-v3.66.0.json");
    const { images } = JSON.parse(readFileSync(file, "utf8")) as Inventory;
    assert.deepEqual(Object.keys(images), languages);
    for (const { platforms: listed } of Object.values(images)) {
      assert.deepEqual(Object.keys(listed).sort(), allPlatforms);
      for (const { tools } of Object.values(listed)) assert.equal(tools["pulumi"], "3.66.0");
    }
  });

  it("changes nothing the next time", async () => {
    const { conclusion, log } = await machines.release("v3.66.0");
    assert.equal(conclusion, "success", log.slice(-3000));
    says(log, /Resources:\n +\d+ unchanged\n/);
  });

  it("reviews a pull request on both machines", async () => {
    const { flow } = machines;
    await flow.repository.branch("proposal", flow.editDockerfile("yaml", /^(FROM \S+ AS runner)$/m, "$1\nENV NEW=yes"));
    const { conclusion, log } = await flow.actions.preview("proposal", 7);
    assert.equal(conclusion, "success", log.slice(-3000));
    const [{ body } = { body: "" }] = flow.gitHub.comments;
    for (const stack of ["dev", "prod"])
      says(body, new RegExp(`Stack ${stack}, Pulumi 3\\.66\\.0:\\*\\* yaml changes`));
    assert.doesNotMatch(body, /unknown/);
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
      const { conclusion, log } = await machines.release("latest-v3.66.0", change);
      assertRefused({ failed: conclusion === "failure", output: log }, sentence, new RegExp(again));
      assert.deepEqual(await machines.flow.served("prod", "latest"), {});
    });
  }

  it("publishes nothing from a builder that emulates the other platform", async () => {
    const { conclusion, log } = await machines.emulating(() => machines.release("latest-v3.66.0"));
    const sentence = new RegExp(`runs steps of ${machines.platform}, whose layers come from another machine`);
    assertRefused({ failed: conclusion === "failure", output: log }, sentence);
    assert.deepEqual(await machines.flow.served("prod", "latest"), {});
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
    assert.deepEqual(await flow.served("prod", "latest"), {});
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
    const language = join(folder, `yaml-${platforms[machines.platform].targetArch}`);
    const blob = (digest: string) => join(language, "blobs", ...digest.split(":"));
    const readJson = <T>(file: string) => JSON.parse(readFileSync(file, "utf8")) as T;
    const replace = (descriptor: Descriptor, bytes: Buffer) => {
      rmSync(blob(descriptor.digest));
      Object.assign(descriptor, { digest: `sha256:${hash("sha256", bytes)}`, size: bytes.length });
      writeFileSync(blob(descriptor.digest), bytes);
    };
    const index = readJson<{ manifests: [Descriptor] }>(join(language, "index.json"));
    const manifest = readJson<{ config: Descriptor; layers: Descriptor[] }>(blob(index.manifests[0].digest));
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
      replace(index.manifests[0], Buffer.from(JSON.stringify(manifest)));
      writeFileSync(join(language, "index.json"), JSON.stringify(index));
      return void (await writeList(folder, listOf(folder)));
    }
    assert.fail("No layer creates the user.");
  }
});
