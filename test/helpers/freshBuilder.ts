import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import type { Platform } from "../../images/platform";
import { stopDaemon } from "../../local/native/daemon";
import { cacheOf, inFolder } from "../../local/folder";
import { addBuilder } from "../../local/addBuilder";
import { startBuildKit } from "../../local/native/buildKit";
import type { BuilderTools } from "../../local/native/builderTools";

/** One BuildKit of a builder. */
interface Node {
  /** The platforms that it must be able to build. */
  readonly platforms: readonly Platform[];
  /** Whether it also builds platforms that the kernel emulates, or only the machine's own: nothing else runs then. */
  readonly emulates: boolean;
  /** Whether it builds these platforms alone, as a machine of theirs does, even if the kernel emulates them. */
  readonly pinned?: boolean;
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
    const started = nodes.map(async ({ platforms, emulates, pinned }) => {
      const folder = mkdtempSync(join(parent, "bk-"));
      const launcher = emulates ? [] : ["sh", "-c", withoutEmulators, "sh"];
      const pins = pinned ? platforms.map((platform) => `--oci-worker-platform=${platform}`) : [];
      // If many emulated steps shared two processors, every connection to PyPI was reset: a slow handshake most likely.
      const limits = emulates ? [`--oci-max-parallelism=${availableParallelism()}`] : [];
      // Its files are removed after the test, until when it keeps them all.
      const options = ["--oci-worker-gc=false", ...limits, ...pins];
      return { folder, address: await startBuildKit(tools, folder, { platforms, launcher, options }) };
    });
    const all = await Promise.all(started);
    addBuilder(
      name,
      all.map(({ address }) => address),
    );
    return new FreshBuilder(name, tools, all);
  }

  /** The address of a node. */
  addressOf(node: number): string {
    return this.nodes[node]?.address ?? "";
  }

  /** The build steps in the cache of a node, as text. */
  async stepsOf(node: number): Promise<string> {
    const args = ["--addr", this.addressOf(node), "du", "--verbose"];
    return (await execa(this.tools.buildctl, args)).stdout;
  }

  /** Stops the BuildKits and removes their files. */
  async stop(): Promise<void> {
    rmSync(inFolder("buildx", "instances", this.name), { force: true });
    for (const { folder } of this.nodes) {
      await stopDaemon("buildkit", folder);
      for (const path of [folder, cacheOf(folder)]) rmSync(path, { recursive: true, force: true });
    }
  }
}

/**
 * Runs a command in a user namespace with a binfmt_misc of its own, which has no emulators: Linux 6.7 and newer. BuildKit and
 * runc find out by the incomplete list of users that they are in one. The list can be written only from outside.
 */
const withoutEmulators = `
me=$$
(
  until [ "$(readlink /proc/$me/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.05; done
  for ids in uid_map gid_map; do echo 0 0 65536 >/proc/$me/$ids; done
) &
exec unshare --user --mount sh -c '
  until [ "$(cat /proc/self/gid_map)" ]; do sleep 0.05; done
  mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && exec "$@"' sh "$@"`;
