import assert from "node:assert/strict";
import { globSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type Platform, allPlatforms } from "../../images/platform";
import { addBuilder } from "../../local/addBuilder";
import { ownPlatform } from "../../local/native/platforms";
import type { Ended } from "../fakes/githubActions/workflows";
import { FreshBuilder } from "./freshBuilder";
import { ReleaseFlow } from "./releaseFlow";

/**
 * A release of Pulumi 3.66.0 on one machine for each platform, each with an empty cache. The other platform's machine is
 * emulated: its BuildKit has that platform as its own, and the kernel emulates it. The release's machine has no emulator, so
 * nothing can be built there that is not in the layers.
 */
export class TwoMachines {
  /** The artifacts of the last run. */
  artifacts = "";

  private constructor(
    readonly flow: ReleaseFlow,
    /** The platform that the release does not run, and the builder of its machine. */
    readonly platform: Platform,
    readonly other: FreshBuilder,
    private readonly own: FreshBuilder,
  ) {}

  /** Starts them for a repository with these languages alone, and other changes of its files. */
  static async start(
    languages: readonly string[],
    change: (flow: ReleaseFlow) => Record<string, string> = () => ({}),
  ): Promise<TwoMachines> {
    const [platform = ownPlatform()] = allPlatforms.filter((one) => one !== ownPlatform());
    const flow = await ReleaseFlow.start(["3.66.0"], allPlatforms, languages);
    await flow.repository.commit("Let one machine build for each platform", {
      ...change(flow),
      // This machine's config has it because one builder emulates.
      ...flow.edit("Pulumi.dev.yaml", /(crossCompile): "true"/, '$1: "false"'),
      ...flow.edit("Pulumi.prod.yaml", /(crossCompile): "true"/, '$1: "false"'),
    });
    const { tools } = flow.place.environment;
    const other = await FreshBuilder.start("other", tools, [{ platforms: [platform], emulates: true, pinned: true }]);
    const own = await FreshBuilder.start("own", tools, [{ platforms: [ownPlatform()], emulates: false }]);
    // Without builders of its own, the repository uses GitHub's runners.
    const vars = Object.entries(flow.actions.vars).filter(([name]) => !name.startsWith("BUILDKIT_"));
    flow.actions.vars = Object.fromEntries(vars);
    const machines = new TwoMachines(flow, platform, other, own);
    machines.use(own);
    return machines;
  }

  private use(own: FreshBuilder | undefined): void {
    const machine = (builder: FreshBuilder) => {
      const folder = join(this.flow.place.folder, builder.name);
      addBuilder("runner-pulumi", [builder.addressOf(0)], folder);
      return { BUILDX_CONFIG: folder, BUILDKIT_HOST: builder.addressOf(0) };
    };
    this.flow.actions.machines = {
      // On a machine of that platform, Node.js reports it.
      "ubuntu-24.04-arm": { ...machine(this.other), PLATFORMS: this.platform },
      "ubuntu-24.04": own === undefined ? {} : machine(own),
    };
  }

  /** The addresses of their BuildKits. */
  get addresses(): string[] {
    return [this.own.addressOf(0), this.other.addressOf(0)];
  }

  /** Does something while the release's machine has an emulator. */
  async emulating<T>(work: () => Promise<T>): Promise<T> {
    this.use(undefined);
    return work().finally(() => this.use(this.own));
  }

  /** Releases a tag. The layers of stack prod may be changed after they were written. */
  async release(tag: string, change: (folder: string) => Promise<void> | void = () => undefined): Promise<Ended> {
    // Layers have hundreds of megabytes in each folder.
    for (const folder of globSync(join(this.flow.place.folder, "runners", "*"))) rmSync(folder, { recursive: true });
    this.flow.actions.afterJob = async (name, folder) => {
      this.artifacts = folder;
      if (name === "arm64") await change(join(folder, "layers", "layers-prod"));
    };
    const [run, ...others] = await this.flow.release(tag);
    assert.ok(run !== undefined && others.length === 0);
    return run;
  }

  /** Stops them and removes their files. */
  async stop(): Promise<void> {
    await this.other.stop();
    await this.own.stop();
    await this.flow.stop();
  }
}
