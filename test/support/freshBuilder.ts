import { mkdtempSync, rmSync } from "node:fs";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { stopDaemon } from "../../local/daemon";
import { addBuilder } from "../../local/environment";
import { inFolder } from "../../local/folder";
import { type BuildKitOptions, startBuildKit } from "../../local/services";
import type { BuilderTools } from "../../local/tools";

/** A builder of BuildKits that have never built anything. */
export class FreshBuilder {
  private constructor(
    readonly name: string,
    private readonly tools: BuilderTools,
    private readonly nodes: readonly { readonly folder: string; readonly address: string }[],
  ) {}

  /** Starts a BuildKit for each of the nodes and registers them as one builder. */
  static async start(name: string, tools: BuilderTools, nodes: readonly BuildKitOptions[]): Promise<FreshBuilder> {
    const started = nodes.map(async (options) => {
      const folder = mkdtempSync(inFolder("tests", "bk-"));
      return { folder, address: await startBuildKit(tools, folder, options) };
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
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** A node that builds one platform and no other, although this machine's kernel runs both. */
export function nodeOf(platform: Platform): BuildKitOptions {
  return { platforms: [platform], restricted: true };
}
