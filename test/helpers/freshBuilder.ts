import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { stopDaemon } from "../../local/native/daemon";
import { inFolder } from "../../local/folder";
import { addBuilder, startBuildKit } from "../../local/native/buildKit";
import type { BuilderTools } from "../../local/native/builderTools";

/** One BuildKit of a builder. */
interface Node {
  /** The platforms that it must be able to build. */
  readonly platforms: readonly Platform[];
  /** Whether it also builds platforms that the kernel emulates, or only the machine's own. */
  readonly emulates: boolean;
}

/** A builder whose BuildKits have an empty cache. */
export class FreshBuilder {
  private constructor(
    readonly name: string,
    private readonly tools: BuilderTools,
    private readonly nodes: readonly { readonly folder: string; readonly address: string }[],
  ) {}

  /**
   * Starts a BuildKit for each node and registers them as one builder.
   * @param parent an existing folder
   */
  static async start(
    name: string,
    tools: BuilderTools,
    nodes: readonly Node[],
    parent = inFolder("tests"),
  ): Promise<FreshBuilder> {
    const started = nodes.map(async ({ platforms, emulates }) => {
      const folder = mkdtempSync(join(parent, "bk-"));
      const env = emulates ? {} : { TMPDIR: await mountNoexec(folder) };
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
      const temporary = join(folder, "tmp");
      if (existsSync(temporary)) await execa("umount", [temporary]);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Creates a folder for TMPDIR in which nothing can run: BuildKit runs programs in it to detect emulation. */
async function mountNoexec(folder: string): Promise<string> {
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  await execa("mount", ["-t", "tmpfs", "-o", "noexec", "tmpfs", temporary]);
  return temporary;
}
