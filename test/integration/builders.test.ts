import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Platform, platforms } from "../../images/platform";
import { ownPlatform } from "../../local/machine";
import { FreshBuilder } from "../support/freshBuilder";
import { copyProgram } from "../support/programCopy";
import { says } from "../support/says";
import { Scratch } from "../support/scratch";

const both = Object.keys(platforms) as Platform[];
const release = { pulumiVersion: "3.66.0" };

// One language is enough to tell about builders; `make test-all` takes every one.
// One story: each test starts from what the one before has left in the registry.
describe("a release for two platforms", () => {
  let scratch: Scratch;
  let program: string;
  let released: string;

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], both);
    const javascriptAlone = {
      file: "index.ts",
      from: /import \{ catalogue \}(.*)\n/,
      to: `import { catalogue as all }$1\nconst catalogue = all.filter(({ name }) => name === "javascript");\n`,
    };
    program = copyProgram(join(scratch.place.folder, "program"), [javascriptAlone]);
  });
  after(() => scratch.stop());

  /** Releases javascript, and gives its digest. */
  async function up(config: Record<string, unknown>): Promise<string> {
    const { failed, output } = await scratch.up({ ...release, ...config }, { program });
    assert.equal(failed, false, output.slice(-3000));
    const { javascript, ...others } = await scratch.images();
    assert.deepEqual(others, {});
    return javascript?.digest ?? "";
  }

  it("publishes one index with a manifest of each", async () => {
    released = await up({ tag: "v3.66.0" });
    assert.equal(await scratch.client("javascript").digest("v3.66.0"), released);
    assert.deepEqual((await scratch.platformsOf("javascript", released)).sort(), [...both].sort());
    assert.ok(await scratch.pulls("javascript", released));
  });

  it("publishes nothing where the smoke test of one platform is red", async () => {
    // An archive for arm64 whose programs do not run.
    const broken = join(scratch.place.folder, "broken");
    mkdirSync(join(broken, "pulumi"), { recursive: true });
    for (const name of ["pulumi", "pulumi-language-yaml", "pulumi-language-nodejs"]) {
      writeFileSync(join(broken, "pulumi", name), "#!/bin/false\n", { mode: 0o755 });
    }
    const bases = { ...scratch.place.environment.bases, "pulumi-arm64": broken };
    const { failed, output } = await scratch.up({ ...release, bases, tag: "latest" }, { program });
    assert.equal(failed, true, output.slice(-3000));
    says(output, /\[linux\/arm64 smoke [\s\S]*\/run\/smoke\/contract" did not complete successfully/);
    assert.equal(await scratch.client("javascript").digest("latest"), undefined);
  });

  it("makes the same digest on a node for each, without any cache, after smoke tests on each", async () => {
    const { tools } = scratch.place.environment;
    const own = ownPlatform();
    const other = both.filter((platform) => platform !== own);
    // A platform is built by the first node that can.
    const nodes = [
      { platforms: [own], emulates: false },
      { platforms: other, emulates: true },
    ];
    const builder = await FreshBuilder.start("runner-pulumi-nodes", tools, nodes);
    try {
      assert.equal(await up({ tag: "dev-v3.66.0", builder: builder.name }), released);
      for (const [index, { platforms: built }] of nodes.entries()) {
        const steps = await builder.stepsOf(index);
        for (const step of ["/run/build/apt-install", "/run/smoke/contract", "/run/smoke/up"]) {
          assert.ok(steps.includes(step), `${step} did not run on the node of ${built.join()}`);
        }
      }
    } finally {
      await builder.stop();
    }
  });

  it("shares layers by a cache in a registry, and makes the same digest from them", async () => {
    const cached = { platforms: [ownPlatform()], cache: `${scratch.prefix}/cache` };
    const digest = await up({ ...cached, tag: "v3.66.0" });
    const { tools } = scratch.place.environment;
    const builder = await FreshBuilder.start("runner-pulumi-cached", tools, [
      { platforms: [ownPlatform()], emulates: true },
    ]);
    try {
      assert.equal(await up({ ...cached, tag: "dev-v3.66.0", builder: builder.name }), digest);
      assert.ok(!(await builder.stepsOf(0)).includes("/run/build/apt-install"), "packages were installed again");
    } finally {
      await builder.stop();
    }
  });
});
