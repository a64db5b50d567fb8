import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { execa } from "execa";
import { parse, stringify } from "yaml";

import { catalogue } from "../../images/catalogue";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { stopDaemon } from "../../local/native/daemon";
import { portOf } from "../../local/native/ports";
import { startRegistry } from "../../local/native/services";
import { Actions, type Ended } from "../fakes/githubActions/workflows";
import { type Place, closePlace, openPlace } from "./scratch";
import { ScratchRepository, copyCheckout } from "./scratchRepository";

const aliases = { dev: "spacelift-dev", prod: "spacelift" } as const;

/** A stack that tags are released on. */
export type StackName = keyof typeof aliases;

/**
 * Everything between a pushed git tag and a served image: a bare repository that holds this checkout, the workflow's runs,
 * stacks dev and prod with state of their own, and a registry. Their images go to the registry instead of ECR Public;
 * that is all that the stacks' files say otherwise.
 */
export class ReleaseFlow {
  private constructor(
    readonly place: Place,
    readonly registry: string,
    readonly repository: ScratchRepository,
    readonly actions: Actions,
  ) {}

  /** Brings it up. The mirror gets these versions of Pulumi. */
  static async start(versions: readonly string[]): Promise<ReleaseFlow> {
    const place = await openPlace(versions);
    const { environment, folder } = place;
    const registry = await startRegistry(environment.tools, folder, await portOf("registry", folder));
    const backend = { PULUMI_BACKEND_URL: `file://${join(folder, "state")}` };
    // What `. .local/env` selects for a shell is selected here by the workflow.
    const own = { PULUMI_STACK: undefined, PULUMI_OPTION_CONFIG_FILE: undefined, PULUMI_BACKEND_URL: undefined };
    // In the place of buildx, which the manifest is made with there.
    const buildKit = { BUILDKIT_HOST: environment.buildKit };
    const path = [dirname(environment.tools.buildctl), environment.env["PATH"]].join(delimiter);
    // What make says is read.
    const env = { ...process.env, LC_ALL: "C", ...environment.env, ...own, ...buildKit, PATH: path };
    const repository = await ScratchRepository.create(folder);
    await copyCheckout(repository.clone);
    for (const stack of ["dev", "prod"] as const) {
      writeStackFile(repository.clone, stack, { ...place.config, registry: `${registry}/${aliases[stack]}` });
      await execa("pulumi", ["stack", "init", stack], { cwd: repository.clone, env: { ...env, ...backend } });
    }
    await repository.commit("Start", {});
    const runners = join(folder, "runners");
    mkdirSync(runners);
    return new ReleaseFlow(place, registry, repository, new Actions(repository.remote, runners, env, backend));
  }

  /** Pushes a tag as a maintainer does, and waits until all runs have ended. Gives what they said. */
  async release(...tags: string[]): Promise<Ended[]> {
    await this.push(...tags);
    return this.actions.drain();
  }

  /** Pushes tags, each by itself, and lets their runs wait. */
  async push(...tags: string[]): Promise<void> {
    for (const tag of tags) await this.pushAt(tag, "HEAD");
  }

  /** Deletes a tag, if it is there, and pushes it at a commit. Its run waits. */
  async pushAt(tag: string, commit: string): Promise<void> {
    await this.repository.deleteTag(tag);
    await this.actions.notice();
    await this.repository.pushTag(tag, commit);
    await this.actions.notice();
  }

  /** The repository of a language in the registry of a stack. */
  client(stack: StackName, language: string): RepositoryClient {
    return new RepositoryClient(`${this.registry}/${aliases[stack]}/runner-pulumi-${language}`);
  }

  /** The digests that a tag serves, by language; none of those that do not have it. */
  async served(stack: StackName, tag: string): Promise<Record<string, string>> {
    const entries = catalogue.map(async ({ name }) => [name, await this.client(stack, name).digest(tag)] as const);
    const found = (await Promise.all(entries)).filter(([, digest]) => digest !== undefined);
    return Object.fromEntries(found) as Record<string, string>;
  }

  /** What the registry serves, in a line for each tag: the version by the image's label, and javascript's digest. */
  async listing(): Promise<string[]> {
    const lines = (["dev", "prod"] as const).map(async (stack) => {
      const client = this.client(stack, "javascript");
      const tags = (await client.tags()).sort();
      return Promise.all(
        tags.map(async (tag) => {
          const version = (await client.labels(tag))?.["org.opencontainers.image.version"];
          const languages = Object.keys(await this.served(stack, tag)).length;
          const digest = (await client.digest(tag))?.slice(0, 19);
          return `${aliases[stack]}/runner-pulumi-<${languages} languages>:${tag} is Pulumi ${version}, javascript ${digest}`;
        }),
      );
    });
    return (await Promise.all(lines)).flat();
  }

  /** Removes everything of it. */
  async stop(): Promise<void> {
    await stopDaemon("registry", this.place.folder);
    closePlace(this.place);
  }
}

/** Adds to the committed config of a stack what this machine builds with. */
function writeStackFile(folder: string, stack: StackName, values: Readonly<Record<string, unknown>>): void {
  const file = join(folder, `Pulumi.${stack}.yaml`);
  const { config } = parse(readFileSync(file, "utf8")) as { config: object };
  const own = Object.entries(values).map(([key, value]) => [`runner-pulumi:${key}`, value]);
  writeFileSync(file, stringify({ config: { ...config, ...Object.fromEntries(own) } }));
}
