import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { stopDaemon } from "../../local/native/daemon";
import { addBuilder } from "../../local/native/buildxBuilder";
import { inFolder } from "../../local/folder";
import { startBuildKit } from "../../local/native/buildKit";
import type { BuilderTools } from "../../local/native/builderTools";

/** One BuildKit of a builder. */
export interface Node {
  /** The platforms that it must be able to build. */
  readonly platforms: readonly Platform[];
  /** Whether it also builds platforms that the kernel emulates, or only the machine's own. */
  readonly emulates: boolean;
}

/** Where BuildKits run. */
export interface Surroundings {
  /** An existing folder. */
  readonly folder?: string;
  /** Environment variables in addition to this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A builder whose BuildKits have an empty cache. */
export class FreshBuilder {
  private constructor(
    readonly name: string,
    private readonly tools: BuilderTools,
    private readonly nodes: readonly { readonly folder: string; readonly address: string }[],
  ) {}

  /** Starts a BuildKit for each node and registers them as one builder. */
  static async start(
    name: string,
    tools: BuilderTools,
    nodes: readonly Node[],
    { folder: parent = inFolder("tests"), env: variables = {} }: Surroundings = {},
  ): Promise<FreshBuilder> {
    const started = nodes.map(async ({ platforms, emulates }) => {
      const folder = mkdtempSync(join(parent, "bk-"));
      const env = emulates ? variables : { ...variables, TMPDIR: await mountNoexec(folder) };
      return { folder, address: await startBuildKit(tools, folder, { platforms, env }) };
    });
    const all = await Promise.all(started);
    addBuilder(
      name,
      all.map(({ address }) => address),
    );
    return new FreshBuilder(name, tools, all);
  }

  /** The build steps in the cache of a node, as text. */
  async stepsOf(node: number): Promise<string> {
    const args = ["--addr", this.nodes[node]?.address ?? "", "du", "--verbose"];
    return (await execa(this.tools.buildctl, args)).stdout;
  }

  /** Stops the BuildKits and removes their files. */
  async stop(): Promise<void> {
    rmSync(inFolder("buildx", "instances", this.name), { force: true });
    for (const { folder } of this.nodes) {
      await stopDaemon("buildkit", folder);
      if (existsSync(temporary(folder))) await execa("umount", [temporary(folder)]);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/**
 * BuildKit detects emulation by running programs in TMPDIR. If nothing can run there, it behaves as on a machine without
 * emulation.
 * @returns the folder to set as TMPDIR
 */
async function mountNoexec(folder: string): Promise<string> {
  mkdirSync(temporary(folder));
  await execa("mount", ["-t", "tmpfs", "-o", "noexec", "tmpfs", temporary(folder)]);
  return temporary(folder);
}

function temporary(folder: string): string {
  return join(folder, "tmp");
}
