import { existsSync } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Platform } from "../../images/platform";
import type { Box, BoxConfig, Result, RunOptions, Running } from "./box";
import { bundleConfig } from "./bundle";
import { type Engine, requireOverlay, startContainer } from "./container";
import { type BuildKit, unpackImage } from "./rootfs";
import { resolveUser } from "./users";
import { createWorkspace } from "./workspace";

/** A folder that is filled once for all containers of a box. */
interface Shared {
  /** Nothing but ca-certificates.crt, as Spacelift documents it. Undefined if this machine has none. */
  readonly certificates: string | undefined;
  /** Stand for Docker's: /etc/hosts and an empty /etc/resolv.conf without a network. */
  readonly hosts: string;
  readonly resolver: string;
}

/** Containers of an image in runc. Everything that they leave is removed by `close`. */
export class RuncBox implements Box {
  private readonly running = new Set<Running & { kill(): Promise<unknown> }>();

  private constructor(
    readonly platform: Platform,
    readonly config: BoxConfig,
    private readonly engine: Engine,
    private readonly shared: Shared,
  ) {}

  /**
   * Pulls an image and prepares this machine to run it.
   * @param folder for images and for what containers change
   * @throws {Fault} if one of the two is not possible
   */
  static async open(
    { runc, buildKit }: { readonly runc: string; readonly buildKit: BuildKit },
    image: { readonly reference: string; readonly platform: Platform },
    folder: string,
  ): Promise<RuncBox> {
    const { config, files } = await unpackImage(buildKit, image, join(folder, "images"));
    const engine = { runc, files, folder: join(folder, `run-${process.pid}-${Date.now()}`) };
    await requireOverlay(engine);
    return new RuncBox(image.platform, config, engine, await prepareShared(join(engine.folder, "shared")));
  }

  async start(script: string, options: RunOptions = {}): Promise<Running> {
    return this.launch(script, options, options.workspace ?? (await this.workspace()));
  }

  async run(script: string, options: RunOptions = {}): Promise<Result> {
    const workspace = options.workspace ?? (await this.workspace());
    const result = await (await this.launch(script, options, workspace)).ended;
    if (options.workspace === undefined) await rm(workspace, { recursive: true, force: true });
    return result;
  }

  async succeed(script: string, options: RunOptions = {}): Promise<string> {
    const { exitCode, output } = await this.run(script, options);
    if (exitCode === 0) return output.trim();
    throw new Error(output.trim().slice(-3000) || `exit code ${exitCode}`);
  }

  workspace(files?: string): Promise<string> {
    return createWorkspace(this.engine.folder, files);
  }

  private async launch(script: string, options: RunOptions, workspace: string): Promise<Running> {
    const { network = false, certificates = network, user: name = this.config.User ?? "" } = options;
    const user = await resolveUser(this.engine.files, name);
    const { shared, config } = this;
    const mounts = {
      "/etc/hosts": network ? "/etc/hosts" : shared.hosts,
      "/etc/resolv.conf": network ? "/etc/resolv.conf" : shared.resolver,
      ...(certificates && shared.certificates !== undefined ? { "/etc/ssl/certs": shared.certificates } : {}),
      ...options.mounts,
    };
    const bundle = (root: string) => bundleConfig({ root, config, script, user, workspace, mounts, options });
    const container = await startContainer(this.engine, bundle, options.timeout ?? 600_000);
    this.running.add(container);
    void container.ended.finally(() => this.running.delete(container));
    return container;
  }

  /** Ends all containers and removes what they leave. */
  async close(): Promise<void> {
    await Promise.all([...this.running].map((container) => Promise.all([container.kill(), container.ended])));
    await rm(this.engine.folder, { recursive: true, force: true });
  }
}

async function prepareShared(folder: string): Promise<Shared> {
  const [certificates, hosts, resolver] = [join(folder, "certs"), join(folder, "hosts"), join(folder, "resolv.conf")];
  await mkdir(certificates, { recursive: true });
  await writeFile(hosts, "127.0.0.1 localhost contract\n::1 localhost\n");
  await writeFile(resolver, "");
  const bundle = process.env["SSL_CERT_FILE"] ?? "/etc/ssl/certs/ca-certificates.crt";
  if (!existsSync(bundle)) return { certificates: undefined, hosts, resolver };
  await copyFile(bundle, join(certificates, "ca-certificates.crt"));
  return { certificates, hosts, resolver };
}
