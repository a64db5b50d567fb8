import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { execa } from "execa";
import { parse, stringify } from "yaml";

import { versionLabel } from "../../images/labels";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { stopDaemon } from "../../local/native/daemon";
import { startRegistry } from "../../local/native/registry";
import type { StackConfig } from "../../local/stack";
import { type Comment, type GhState, changeState, readState } from "../fakes/gh/state";
import { Actions, type Ended } from "../fakes/githubActions/workflows";
import { copyCheckout } from "./checkoutFiles";
import { smallCatalogue } from "./programCopy";
import { type Place, closePlace, openPlace } from "./scratch";
import { ScratchRepository } from "./scratchRepository";
import { readServed } from "./testStack";

/** The aliases of the stacks' registries in ECR Public. */
export const aliases = { dev: "spacelift-dev", prod: "spacelift" } as const;

/** The variables of a repository that has builders for both platforms: no other machine then writes layers. */
const ownBuilders = { BUILDKIT_AMD64: "tcp://amd64", BUILDKIT_ARM64: "tcp://arm64" };

/** A stack that tags are released on. */
export type StackName = keyof typeof aliases;

/**
 * Everything between a pushed git tag and a served image: a bare repository with this checkout, the runs of the workflows,
 * the stacks dev and prod with their own state, and a registry instead of ECR Public.
 */
export class ReleaseFlow {
  private constructor(
    readonly place: Place,
    readonly registry: string,
    readonly repository: ScratchRepository,
    readonly actions: Actions,
    private readonly gitHubFile: string,
  ) {}

  /** Starts it, as `prepareMachine` sets this machine up. If languages are named, the repository's catalogue has no others. */
  static async start(...machine: Parameters<typeof openPlace>): Promise<ReleaseFlow> {
    const place = await openPlace(...machine);
    const [, , languages] = machine;
    const { environment, folder } = place;
    const registry = await startRegistry(environment.tools, folder);
    const backend = { PULUMI_BACKEND_URL: `file://${join(folder, "state")}` };
    // A shell gets these from `. .local/env`; here, the workflow selects the stack.
    const selected = { PULUMI_STACK: undefined, PULUMI_OPTION_CONFIG_FILE: undefined, PULUMI_BACKEND_URL: undefined };
    // A make that runs this process passes its own variables to those of the workflows.
    const own = { ...selected, MAKEFLAGS: undefined, PLATFORMS: undefined };
    // Instead of the builder of buildx, which runs the images for the inventory on a runner.
    const buildKit = { BUILDKIT_HOST: environment.buildKit };
    const gh = join(__dirname, "..", "fakes", "gh");
    const path = [gh, dirname(environment.tools.buildctl), environment.env["PATH"]].join(delimiter);
    // In English, because what make prints is tested.
    const env = { ...process.env, LC_ALL: "C", ...environment.env, ...own, ...buildKit, PATH: path };
    const repository = await createRepository(place, { ...env, ...backend }, (stack) => ({
      registry: `${registry}/${aliases[stack]}`,
    }));
    const runners = join(folder, "runners");
    mkdirSync(runners);
    const gitHubFile = join(folder, "github.json");
    const actions = new Actions(repository.remote, runners, env, { ...backend, ...ownBuilders }, gitHubFile);
    const flow = new ReleaseFlow(place, registry, repository, actions, gitHubFile);
    if (languages !== undefined) await flow.keepLanguages(languages);
    return flow;
  }

  private async keepLanguages(languages: readonly string[]): Promise<void> {
    const { file, from, to } = smallCatalogue(...languages);
    await this.repository.commit("Release a few languages", this.edit(file, from, to));
  }

  /** The comments and release notes on the fake of GitHub. */
  get gitHub(): GhState {
    return readState(this.gitHubFile);
  }

  /** Lets somebody comment on a pull request. */
  addComment(comment: Comment): void {
    changeState(this.gitHubFile, { comments: [...this.gitHub.comments, comment] });
  }

  /** Pushes tags as a maintainer does, and waits until all runs have ended. */
  async release(...tags: string[]): Promise<Ended[]> {
    await this.push(...tags);
    return this.actions.drain();
  }

  /** Pushes tags one by one and leaves their runs in the queue. */
  async push(...tags: string[]): Promise<void> {
    for (const tag of tags) await this.pushAt(tag, "HEAD");
  }

  /** Deletes a tag if it exists, pushes it at a commit and leaves its run in the queue. */
  async pushAt(tag: string, commit: string): Promise<void> {
    await this.repository.deleteTag(tag);
    await this.actions.notice();
    await this.repository.pushTag(tag, commit);
    await this.actions.notice();
  }

  /** A client that reads a language's repository of a stack. */
  client(stack: StackName, language: string): RepositoryClient {
    return new RepositoryClient(`${this.registry}/${aliases[stack]}/runner-pulumi-${language}`);
  }

  /** Reads the digests that a tag serves, by language. Languages without the tag are left out. */
  served(stack: StackName, tag: string): Promise<Record<string, string>> {
    return readServed((language) => this.client(stack, language), tag);
  }

  /** Reads a file of the maintainer's clone. */
  read(path: string): string {
    return readFileSync(join(this.repository.clone, path), "utf8");
  }

  /** A file of the clone, changed where the pattern matches, by its path. Fails if it matches nowhere. */
  edit(file: string, pattern: RegExp, to: string): Record<string, string> {
    const changed = this.read(file).replace(pattern, to);
    assert.notEqual(changed, this.read(file));
    return { [file]: changed };
  }

  /** A language's Dockerfile, changed as `edit` does. */
  editDockerfile(language: string, pattern: RegExp, to: string): Record<string, string> {
    return this.edit(`dockerfiles/${language}/Dockerfile`, pattern, to);
  }

  /** Lists what the registry serves, one line per tag: the version in the image's label, and javascript's digest. */
  async listing(): Promise<string[]> {
    const lines = (["dev", "prod"] as const).map(async (stack) => {
      const client = this.client(stack, "javascript");
      const tags = (await client.tags()).sort();
      const describe = async (tag: string) => {
        const version = (await client.labels(tag))?.[versionLabel];
        const served = await this.served(stack, tag);
        const repository = `${aliases[stack]}/runner-pulumi-<${Object.keys(served).length} languages>`;
        return `${repository}:${tag} is Pulumi ${version}, javascript ${served["javascript"]?.slice(0, 19)}`;
      };
      return Promise.all(tags.map(describe));
    });
    return (await Promise.all(lines)).flat();
  }

  /** Stops it and removes its files. */
  async stop(): Promise<void> {
    await stopDaemon("registry", this.place.folder);
    closePlace(this.place);
  }
}

/**
 * Creates a repository with this checkout, and the stacks dev and prod.
 * @param env environment variables for pulumi
 * @param ownConfig a stack's config in addition to its committed one and this machine's
 */
export async function createRepository(
  { folder, config }: Place,
  env: NodeJS.ProcessEnv,
  ownConfig: (stack: StackName) => StackConfig = () => ({}),
): Promise<ScratchRepository> {
  const repository = await ScratchRepository.create(folder);
  copyCheckout(repository.clone);
  for (const stack of Object.keys(aliases) as StackName[]) {
    writeStackFile(repository.clone, stack, { ...config, ...ownConfig(stack) });
    await execa("pulumi", ["stack", "init", stack], { cwd: repository.clone, env });
  }
  await repository.commit("Start", {});
  return repository;
}

/** Adds config to the committed one of a stack. */
function writeStackFile(folder: string, stack: StackName, values: StackConfig): void {
  const file = join(folder, `Pulumi.${stack}.yaml`);
  const { config } = parse(readFileSync(file, "utf8")) as { config: object };
  const own = Object.entries(values).map(([key, value]) => [`runner-pulumi:${key}`, value]);
  writeFileSync(file, stringify({ config: { ...config, ...Object.fromEntries(own) } }));
}
