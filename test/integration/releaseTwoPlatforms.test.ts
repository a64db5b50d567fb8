import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { allPlatforms } from "../../images/platform";
import { ownPlatform } from "../../local/native/platforms";
import { FreshBuilder } from "../helpers/freshBuilder";
import { copyProgram, onlyLanguages } from "../helpers/programCopy";
import { assertRefused, assertSucceeded } from "../helpers/assertRun";
import { Scratch } from "../helpers/scratch";
import type { TestStack } from "../helpers/testStack";

const release = { pulumiVersion: "3.66.0" };

// The smallest language is enough to test builders. `make test-all` releases all of them.
describe("a release for two platforms", () => {
  const own = ownPlatform();
  // The provider builds a platform on the first node that supports it.
  const nodes = [
    { platforms: [own], emulates: false },
    { platforms: allPlatforms.filter((platform) => platform !== own), emulates: true },
  ];
  let scratch: Scratch;
  let program: string;
  let twoNodes: FreshBuilder;
  /** The digests from one BuildKit that emulates, and from one node per platform without any cache. */
  let emulated: string, byNodes: string;

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], allPlatforms, ["yaml"]);
    program = copyProgram(join(scratch.place.folder, "program"), [onlyLanguages("yaml")]);
    twoNodes = await FreshBuilder.start("runner-pulumi-nodes", scratch.place.environment.tools, nodes);
    // In parallel: emulation uses a single core.
    [emulated, byNodes] = await Promise.all([
      up(scratch, { tag: "v3.66.0" }),
      up(scratch.beside("nodes"), { tag: "v3.66.0", builder: twoNodes.name }),
    ]);
  });
  after(async () => {
    // Both are undefined if `before` failed early.
    await twoNodes?.stop();
    await scratch?.stop();
  });

  /** Releases yaml. Returns its digest. */
  async function up(stack: TestStack, config: Record<string, unknown>): Promise<string> {
    assertSucceeded(await stack.up({ ...release, ...config }, { program }));
    const { yaml, ...others } = await stack.images();
    assert.deepEqual(others, {});
    return yaml?.digest ?? "";
  }

  it("publishes one index with a manifest for each", async () => {
    assert.equal(await scratch.client("yaml").digest("v3.66.0"), emulated);
    assert.deepEqual(await scratch.platformsOf("yaml", emulated), allPlatforms);
    assert.ok(await scratch.pulls("yaml", emulated));
  });

  it("has the same digest from one node per platform, without any cache, after smoke tests on both", async () => {
    assert.equal(byNodes, emulated);
    for (const [index, { platforms: built }] of nodes.entries()) {
      const steps = await twoNodes.stepsOf(index);
      for (const step of ["/run/build/apt-install", "/run/smoke/contract"]) {
        assert.ok(steps.includes(step), `${step} did not run on the node of ${built.join()}`);
      }
    }
  });

  it("publishes nothing if the smoke test of one platform fails", async () => {
    // An arm64 archive whose programs do not run.
    const broken = join(scratch.place.folder, "broken");
    mkdirSync(join(broken, "pulumi"), { recursive: true });
    for (const name of ["pulumi", "pulumi-language-yaml"]) {
      writeFileSync(join(broken, "pulumi", name), "#!/bin/false\n", { mode: 0o755 });
    }
    const bases = { ...scratch.place.environment.bases, "pulumi-arm64": broken };
    const run = await scratch.up({ ...release, bases, tag: "latest" }, { program });
    assertRefused(run, /\[linux\/arm64 smoke [\s\S]*\/run\/smoke\/contract" did not complete successfully/);
    assert.equal(await scratch.client("yaml").digest("latest"), undefined);
  });

  it("shares layers through a cache in a registry, and has the same digest from them", async () => {
    const cached = { platforms: [own], cache: `${scratch.prefix}/cache` };
    const digest = await up(scratch, { ...cached, tag: "v3.66.0" });
    const { tools } = scratch.place.environment;
    const builder = await FreshBuilder.start("runner-pulumi-cached", tools, [{ platforms: [own], emulates: true }]);
    try {
      assert.equal(await up(scratch, { ...cached, tag: "dev-v3.66.0", builder: builder.name }), digest);
      assert.ok(!(await builder.stepsOf(0)).includes("/run/build/apt-install"), "packages were installed again");
    } finally {
      await builder.stop();
    }
  });
});
