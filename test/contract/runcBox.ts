import { existsSync } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Platform } from "../../images/platform";
import { cacheOf, folder } from "../../local/folder";
import type { Box, BoxConfig, Result, RunOptions, Running } from "./box";
import { bundleConfig } from "./bundle";
import { type Container, type Engine, requireOverlay, startContainer } from "./container";
import { type BuildKit, unpackImage } from "./rootfs";
import { resolveUser } from "./users";
import { createWorkspace } from "./workspace";

/** For the images that `make contract` unpacks, and what their containers change. */
export const contractFolder = join(cacheOf(folder), "contract");

/** Files that all containers of a box share. */
interface Shared {
  /** Nothing but ca-certificates.crt, as Spacelift documents it. Undefined if this machine has none. */
  readonly certificates: string | undefined;
  /** /etc/hosts and /etc/resolv.conf of containers without a network. */
  readonly hosts: string;
  readonly resolver: string;
}

/** Containers of an image in runc. Everything that they leave is removed by `close`. */
export class RuncBox implements Box {
  private readonly containers = new Set<Promise<Container>>();
  private isClosed = false;

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

  async workspace(files?: string): Promise<string> {
    await this.stopIfClosed();
    return createWorkspace(this.engine.folder, files);
  }

  private async launch(script: string, options: RunOptions, workspace: string): Promise<Running> {
    await this.stopIfClosed();
    const launched = this.create(script, options, workspace);
    this.containers.add(launched);
    const remove = () => void this.containers.delete(launched);
    launched.then(({ ended }) => ended).then(remove, remove);
    return launched;
  }

  private async create(script: string, options: RunOptions, workspace: string): Promise<Container> {
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
    return startContainer(this.engine, bundle, options.timeout ?? 600_000);
  }

  /** Stops a check that goes on after the box was closed: its result does not matter, and it must leave nothing. */
  private async stopIfClosed(): Promise<void> {
    if (this.isClosed) await new Promise(() => undefined);
  }

  /** Ends all containers and removes what they leave. */
  async close(): Promise<void> {
    this.isClosed = true;
    const killed = [...this.containers].map(async (launched) => {
      const container = await launched;
      await container.kill();
      await container.ended;
    });
    await Promise.allSettled(killed);
    await rm(this.engine.folder, { recursive: true, force: true, maxRetries: 3 });
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
