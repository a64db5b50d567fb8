import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { PublishedImages } from "../../ci/release";
import { catalogue } from "../../images/catalogue";
import { RepositoryClient } from "../../images/registryClient";
import { stopDaemon } from "../../local/daemon";
import { type Environment, setUp } from "../../local/environment";
import { checkout, inFolder } from "../../local/folder";
import { ensureRelease } from "../../local/mirror";
import { portOf } from "../../local/ports";
import { startRegistry } from "../../local/services";
import { type Stack, configFileOf, prepareStack } from "../../local/stack";

/** How a run of pulumi ended. */
export interface Run {
  readonly failed: boolean;
  /** What it printed, on both streams. */
  readonly output: string;
}

const ociManifest = "application/vnd.oci.image.manifest.v1+json";

/**
 * A stack with a registry, state and config of its own. The tools, BuildKit and the bases are those of `make up`, so
 * that a test builds only what is new.
 */
export class Scratch {
  private constructor(
    readonly environment: Environment,
    /** The registry's address. */
    readonly registry: string,
    readonly stack: Stack,
    private readonly folder: string,
  ) {}

  /** Brings it up. The mirror gets the releases that the tests install. */
  static async start(versions: readonly string[]): Promise<Scratch> {
    const environment = await setUp();
    for (const version of versions) await ensureRelease(version, environment.platforms);
    mkdirSync(inFolder("tests"), { recursive: true });
    const folder = mkdtempSync(inFolder("tests", "run-"));
    const registry = await startRegistry(environment.tools, folder, await portOf("registry", folder));
    const state = join(folder, "state");
    mkdirSync(state);
    const own = { PULUMI_STACK: "test", PULUMI_BACKEND_URL: `file://${state}` };
    const stack = { name: "test", env: { ...environment.env, ...own }, folder: join(folder, "project") };
    return new Scratch(environment, registry, stack, folder);
  }

  /** Removes everything of it. */
  async stop(): Promise<void> {
    await stopDaemon("registry", this.folder);
    rmSync(this.folder, { recursive: true });
  }

  /** `pulumi up` with this config beside what every test needs. */
  up(config: Readonly<Record<string, unknown>>): Promise<Run> {
    return this.update(["up", "--yes", "--skip-preview"], config);
  }

  /** `pulumi preview` with this config beside what every test needs. */
  preview(config: Readonly<Record<string, unknown>>): Promise<Run> {
    return this.update(["preview"], config);
  }

  /** Runs pulumi in the checkout, on this stack. */
  async pulumi(...args: string[]): Promise<Run> {
    const file = ["--stack", this.stack.name];
    const env = { ...this.stack.env, PULUMI_OPTION_CONFIG_FILE: configFileOf(this.stack) };
    const run = await execa("pulumi", [...args, ...file], { cwd: checkout, env, all: true, reject: false });
    return { failed: run.failed, output: run.all };
  }

  /** The stack's output `images`. */
  async images(): Promise<PublishedImages> {
    const { output } = await this.pulumi("stack", "output", "images", "--json");
    return JSON.parse(output) as PublishedImages;
  }

  /** Puts the image of a digest under a tag, behind the engine's back; without a digest, removes the tag. */
  async tamper(language: string, tag: string, digest?: string): Promise<void> {
    const url = `http://${this.registry}/v2/runner-pulumi-${language}/manifests`;
    const manifest =
      digest === undefined ? undefined : await fetch(`${url}/${digest}`, { headers: { accept: ociManifest } });
    if (manifest?.ok === false) throw new Error(`${manifest.url} answers ${manifest.status}`);
    const headers = { "content-type": ociManifest };
    const response = await (manifest === undefined
      ? fetch(`${url}/${tag}`, { method: "DELETE" })
      : fetch(`${url}/${tag}`, { method: "PUT", headers, body: await manifest.text() }));
    if (!response.ok) throw new Error(`${response.url} answers ${response.status}`);
  }

  repository(language: string): string {
    return `${this.registry}/runner-pulumi-${language}`;
  }

  /** What the registry serves under a tag, by language. */
  async served(tag: string): Promise<Record<string, string | undefined>> {
    const entries = catalogue.map(
      async ({ name }) => [name, await new RepositoryClient(this.repository(name)).digest(tag)] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  /** The config of a release on this machine. */
  config(change: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const { platforms, builder, bases, pulumiReleases } = this.environment;
    return { platforms, registry: this.registry, builder, bases, pulumiReleases, ...change };
  }

  private async update(args: string[], change: Readonly<Record<string, unknown>>): Promise<Run> {
    await prepareStack(this.stack, this.config(change));
    return this.pulumi(...args, "--non-interactive");
  }
}
