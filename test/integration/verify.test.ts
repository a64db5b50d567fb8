import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { ImageReference } from "../../commands/verify/compare";
import { type Workplace, rebuild } from "../../commands/verify/rebuild";
import { readRebuildTargets, requireImageTag } from "../../commands/verify/targets";
import { type Verdict, judge } from "../../commands/verify/verify";
import { catalogue } from "../../images/catalogue";
import { ownPlatform } from "../../local/native/platforms";
import { assertSucceeded } from "../helpers/assertRun";
import { pushChanged } from "../helpers/changedImage";
import { FreshBuilder } from "../helpers/freshBuilder";
import { pushImage } from "../helpers/repositoryWriter";
import { Scratch } from "../helpers/scratch";
import { withEnvironment } from "../helpers/withEnvironment";

const languages = catalogue.filter(({ name }) => name === "javascript");

// One language on one platform, because each rebuild takes half a minute.
describe("a verification of a published tag", () => {
  let scratch: Scratch;
  let elsewhere: string;
  let builder: FreshBuilder;
  let repository: string;
  /** Rebuilt once for all tests. */
  let rebuilt: readonly ImageReference[];

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], undefined, ["javascript"]);
    repository = scratch.repository("javascript");
    assertSucceeded(await scratch.up({ pulumiVersion: "3.66.0", tag: "v3.66.0" }));
    await inAnotherPlace(async () => {
      elsewhere = mkdtempSync(join(tmpdir(), "verify-"));
      const nodes = [{ platforms: [ownPlatform()], emulates: true }];
      const { tools } = scratch.place.environment;
      builder = await FreshBuilder.start("runner-pulumi-verify", tools, nodes, elsewhere);
      rebuilt = await rebuild(await targetsOf("v3.66.0"), workplace());
    });
  });
  after(async () => {
    // Undefined if `before` failed early.
    await builder?.stop();
    if (elsewhere) rmSync(elsewhere, { recursive: true });
    await scratch?.stop();
  });

  /** Sets another umask and another time zone, also for every process that is started meanwhile. */
  async function inAnotherPlace(work: () => Promise<void>): Promise<void> {
    const umask = process.umask(0o077);
    await withEnvironment({ TZ: "Pacific/Kiritimati" }, work).finally(() => process.umask(umask));
  }

  function workplace(): Workplace {
    const { env, bases, pulumiReleases, debianSnapshots, mirrored } = scratch.place.environment;
    return {
      ...{ folder: elsewhere, env, builder: builder.name, registry: `${scratch.prefix}/verify` },
      ...{ bases, pulumiReleases, debianSnapshots, signatures: mirrored ? "off" : "required" },
    };
  }

  const targetsOf = (tag: string) => readRebuildTargets({ registry: scratch.prefix, alias: "" }, tag, languages);

  /** Compares what is served now with the rebuilt image. */
  async function compare(gitTag: string): Promise<Verdict & { text: string }> {
    const tag = requireImageTag(gitTag);
    const verdict = await judge(tag, await targetsOf(tag.tag), rebuilt);
    return { ...verdict, text: verdict.lines.join("\n") };
  }

  it("rebuilds the same digest on a fresh BuildKit, in another folder, umask and time zone", async () => {
    const digest = await scratch.client("javascript").digest("v3.66.0");
    const { identical, text } = await compare("v3.66.0");
    assert.equal(identical, true, text);
    assert.match(text, new RegExp(`^language .*\\njavascript +${ownPlatform()} +identical +${digest}$`));
    const steps = await builder.stepsOf(0);
    assert.ok(steps.includes("/run/build/apt-install"), "the packages were not installed again");
    assert.ok(!steps.includes("/run/smoke/"), "smoke tests ran");
  });

  it("names a file that was changed in a layer", async () => {
    const file = "usr/local/bin/pulumi-language-nodejs";
    await pushChanged(repository, "v3.66.0", "dev-v3.66.0", file);
    const { identical, text } = await compare("dev-v3.66.0");
    assert.equal(identical, false);
    assert.match(text, /^javascript +\S+ +different +sha256:/m);
    assert.match(text, /layer (\d) of \1 \(COPY \/hosts\/ \/.*\): 1 file differs\n/);
    assert.match(text, new RegExp(`\n +${file}: content \\d+ bytes, sha256:\\w+… → \\d+ bytes, sha256:\\w+…\n`));
    assert.match(text, /likely cause: Pulumi's archive/);
  });

  it("refuses tags that it cannot compare with", async () => {
    await pushImage(repository, "v1.0.0", {});
    await assert.rejects(compare("v1.0.0"), /:v1\.0\.0 has no Pulumi version in label \S+ .* from before this project/);
    await assert.rejects(compare("v2.0.0"), /:v2\.0\.0 does not exist\. Release the tag/);
    const unreachable = readRebuildTargets({ registry: "localhost:1", alias: "" }, "v3.66.0", languages);
    await assert.rejects(unreachable, /localhost:1\/\S+ cannot be read: Could not reach \S+: .*Check the address/);
  });
});
