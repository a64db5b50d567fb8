import { execa } from "execa";

import { type ImageOutputs, findProblems, publish } from "../../commands/publish";
import type { Project } from "../../commands/target";
import { catalogue } from "../../images/catalogue";
import { readImages } from "../../lib/oci/image";
import { type Credentials, RepositoryClient, repositoryClients } from "../../lib/oci/repositoryClient";
import { checkout } from "../../local/folder";
import { type Stack, type StackConfig, configFileOf, prepareStack } from "../../local/stack";
import { captureLog } from "./captureLog";
import { RepositoryWriter } from "./repositoryWriter";

/** How a run of pulumi ended, and what it printed on both streams. */
export interface Run {
  readonly failed: boolean;
  readonly output: string;
}

interface Setting {
  /** The folder of another program than the stack's. */
  readonly program?: string;
  /** Environment variables in addition to the stack's. */
  readonly variables?: NodeJS.ProcessEnv;
  /** More arguments for pulumi. */
  readonly options?: readonly string[];
}

/** A stack of the program, and the repositories that its images go to. */
export class TestStack {
  constructor(
    /** With the folder of its program; the checkout by default. */
    readonly stack: Stack & { readonly program?: string },
    /** The prefix of a repository's name: host[:port][/path]. */
    readonly prefix: string,
    /** The config that every release of the stack needs. */
    readonly ownConfig: StackConfig,
    readonly credentials?: Credentials,
    /** Receives everything that pulumi prints. */
    private readonly onOutput: (output: string) => void = () => undefined,
  ) {}

  /** The environment variables for pulumi on this stack. */
  get env(): NodeJS.ProcessEnv {
    const own = { PULUMI_STACK: this.stack.name, PULUMI_OPTION_CONFIG_FILE: configFileOf(this.stack) };
    return { ...this.stack.env, ...own };
  }

  private get program(): string {
    return this.stack.program ?? checkout;
  }

  /** The program with this stack selected, as commands use it. */
  get project(): Project {
    return { folder: this.program, env: this.env, logs: this.stack.folder, languages: [] };
  }

  /** Writes this config in addition to the stack's own. */
  async configure(config: StackConfig): Promise<void> {
    await prepareStack(this.stack, { ...this.ownConfig, ...config });
  }

  /** Runs `pulumi up` with this config in addition to the stack's own. */
  async up(config: StackConfig, setting?: Setting): Promise<Run> {
    await this.configure(config);
    return this.run(["up", "--yes", "--skip-preview", "--non-interactive"], setting);
  }

  /** Runs `pulumi preview` with this config in addition to the stack's own. */
  async preview(config: StackConfig, ...options: string[]): Promise<Run> {
    await this.configure(config);
    return this.run(["preview", "--non-interactive", ...options]);
  }

  /** Runs any other command of pulumi on this stack. */
  pulumi(...args: string[]): Promise<Run> {
    return this.run(args);
  }

  /** Releases as `make up` and CI do. */
  async release(config: StackConfig): Promise<void> {
    await this.configure(config);
    const { lines, error } = await captureLog(() => this.publishChecked());
    this.onOutput(lines.join("\n"));
    if (error !== undefined) throw new Error(lines.join("\n"), { cause: error });
  }

  private async publishChecked(): Promise<void> {
    const { images } = await publish(this.project);
    const problems = await findProblems(images, repositoryClients(this.credentials));
    if (problems.length > 0) throw new Error(problems.join("; "));
  }

  /** Reads the stack's output `images`. */
  async images(): Promise<ImageOutputs> {
    const { output } = await this.run(["stack", "output", "images", "--json"]);
    return JSON.parse(output) as ImageOutputs;
  }

  /** A language's repository, host[:port]/path. */
  repository(language: string): string {
    return `${this.prefix}/runner-pulumi-${language}`;
  }

  /** Reads the digests that a tag serves, by language. Languages without the tag are left out. */
  served(tag: string): Promise<Record<string, string>> {
    return readServed((language) => this.client(language), tag);
  }

  /** A client that reads a language's repository. */
  client(language: string): RepositoryClient {
    return new RepositoryClient(this.repository(language), this.credentials);
  }

  /** Reads the platforms of an index from the configs of its images, sorted. */
  async platformsOf(language: string, index: string): Promise<string[]> {
    return (await readImages(this.client(language), index)).map(({ platform }) => platform).sort();
  }

  /** Whether an image can be pulled completely by its digest: its manifest, its config and every layer. */
  async pulls(language: string, digest: string): Promise<boolean> {
    const manifest = await this.client(language).manifest(digest);
    if (manifest === undefined) return false;
    const { config, layers = [], manifests = [] } = manifest;
    const children = manifests.map((child) => this.pulls(language, child.digest));
    const blobs = [...(config === undefined ? [] : [config]), ...layers].map(async ({ digest: blob, size }) => {
      const head = this.writer(language).send(`blobs/${blob}`, { method: "HEAD" });
      return head.then(
        ({ headers }) => Number(headers.get("content-length")) === size,
        () => false,
      );
    });
    return (await Promise.all([...children, ...blobs])).every(Boolean);
  }

  /** Moves a tag to a digest without the engine. */
  async moveTag(language: string, tag: string, digest: string): Promise<void> {
    const accept = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"].join(", ");
    const manifest = await this.writer(language).send(`manifests/${digest}`, { headers: { accept } });
    const headers = { "content-type": manifest.headers.get("content-type") ?? "" };
    await this.writer(language).send(`manifests/${tag}`, { method: "PUT", headers, body: await manifest.text() });
  }

  /** Deletes a tag, or a manifest by its digest, without the engine. */
  async remove(language: string, reference: string): Promise<void> {
    await this.writer(language).send(`manifests/${reference}`, { method: "DELETE" });
  }

  private writer(language: string): RepositoryWriter {
    return new RepositoryWriter(this.repository(language), this.credentials);
  }

  private async run(
    args: readonly string[],
    { program = this.program, variables = {}, options = [] }: Setting = {},
  ): Promise<Run> {
    const env = { ...this.env, ...variables };
    const run = await execa("pulumi", [...args, ...options], { cwd: program, env, all: true, reject: false });
    this.onOutput(run.all);
    return { failed: run.failed, output: run.all };
  }
}

/** Reads the digests that a tag serves in the repository of each language. Languages without the tag are left out. */
export async function readServed(
  client: (language: string) => RepositoryClient,
  tag: string,
): Promise<Record<string, string>> {
  const entries = catalogue.map(async ({ name }) => [name, await client(name).digest(tag)] as const);
  const found = (await Promise.all(entries)).filter(([, digest]) => digest !== undefined);
  return Object.fromEntries(found) as Record<string, string>;
}
