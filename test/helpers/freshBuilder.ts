import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { stopDaemon } from "../../local/native/daemon";
import { addBuilder } from "../../local/environment";
import { inFolder } from "../../local/folder";
import { startBuildKit } from "../../local/native/services";
import type { BuilderTools } from "../../local/native/builderTools";

/** A BuildKit of a builder. */
export interface Node {
  /** The platforms that it must be able to build. */
  readonly platforms: readonly Platform[];
  /** Whether it builds what the kernel emulates, too, or the machine's own platform alone. */
  readonly emulates: boolean;
}

/** Where BuildKits run. */
export interface Surroundings {
  /** An existing folder. */
  readonly folder?: string;
  /** Environment variables beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A builder of BuildKits that have never built anything. */
export class FreshBuilder {
  private constructor(
    readonly name: string,
    private readonly tools: BuilderTools,
    private readonly nodes: readonly { readonly folder: string; readonly address: string }[],
  ) {}

  /** Starts a BuildKit for each of the nodes and registers them as one builder. */
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

  /** The steps that a node has run, as text. */
  async stepsOf(node: number): Promise<string> {
    const args = ["--addr", this.nodes[node]?.address ?? "", "du", "--verbose"];
    return (await execa(this.tools.buildctl, args)).stdout;
  }

  /** Stops and removes everything of it. */
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
 * BuildKit finds out what the kernel emulates by running programs in TMPDIR. Where nothing there can be run, it is like
 * a machine without emulation.
 */
async function mountNoexec(folder: string): Promise<string> {
  mkdirSync(temporary(folder));
  await execa("mount", ["-t", "tmpfs", "-o", "noexec", "tmpfs", temporary(folder)]);
  return temporary(folder);
}

function temporary(folder: string): string {
  return join(folder, "tmp");
}
