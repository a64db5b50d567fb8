import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { catalogue } from "../../images/catalogue";
import type { Platform } from "../../images/platform";
import { setUp } from "../../local/environment";
import { inFolder } from "../../local/folder";
import { stopDaemon } from "../../local/native/daemon";
import { ensureBuilderTools } from "../../local/native/builderTools";
import { startRegistry } from "../../local/native/registry";
import { ensureRelease } from "../../local/offline/mirror";
import type { StackConfig } from "../../local/stack";
import { copyProgram, onlyLanguages } from "./programCopy";
import { TestStack } from "./testStack";

/** A machine that is set up with the native backend: `make` sets BACKEND for the tests. */
export type Machine = Awaited<ReturnType<typeof prepareMachine>>;

/** A folder for the files of one test, and the environment of `make up`. */
export interface Place {
  readonly environment: Machine;
  readonly folder: string;
  /** The config that every release on this machine needs. */
  readonly config: StackConfig;
}

/**
 * Sets up this machine for releases of these versions of Pulumi.
 * @param platforms this machine's own by default
 * @param names the languages; all by default
 */
export async function prepareMachine(
  versions: readonly string[],
  platforms?: readonly Platform[],
  names?: readonly string[],
) {
  const languages = names && catalogue.filter(({ name }) => names.includes(name));
  const environment = await setUp(platforms, { languages });
  for (const version of versions) {
    if (environment.mirrored) await ensureRelease(version, environment.platforms);
  }
  return { ...environment, tools: await ensureBuilderTools() };
}

/** Sets up as `prepareMachine` does, and creates a folder. */
export async function openPlace(...machine: Parameters<typeof prepareMachine>): Promise<Place> {
  const environment = await prepareMachine(...machine);
  mkdirSync(inFolder("tests"), { recursive: true });
  const folder = mkdtempSync(inFolder("tests", "run-"));
  mkdirSync(join(folder, "state"));
  return { environment, folder, config: environment.config };
}

/** Removes the place's folder. */
export function closePlace({ folder }: Place): void {
  rmSync(folder, { recursive: true });
}

/** A stack with its own state, and its own registry, which allows anonymous pushes. */
export class Scratch extends TestStack {
  private constructor(
    readonly place: Place,
    registry: string,
    program?: string,
  ) {
    const { environment, folder, config } = place;
    const env = { ...environment.env, PULUMI_BACKEND_URL: `file://${join(folder, "state")}` };
    super({ name: "test", env, folder: join(folder, "project"), program }, registry, { ...config, registry });
  }

  /**
   * Sets up the machine as `prepareMachine` does, and starts the registry. If languages are named, the stack's program is a
   * copy that declares no others.
   */
  static async start(...machine: Parameters<typeof prepareMachine>): Promise<Scratch> {
    const place = await openPlace(...machine);
    const { environment, folder } = place;
    const [, , names] = machine;
    const program = names && copyProgram(join(folder, "program"), [onlyLanguages(...names)]);
    return new Scratch(place, await startRegistry(environment.tools, folder), program);
  }

  /** Creates another stack, whose images go to another path of the same registry. */
  beside(name: string): TestStack {
    // Not beside a test's own files: preparing a stack removes the Pulumi.yaml of its folder.
    const stack = { ...this.stack, name, folder: join(this.place.folder, "stacks", name) };
    const registry = `${this.prefix}/${name}`;
    return new TestStack(stack, registry, { ...this.ownConfig, registry });
  }

  /** Stops the registry and removes all files. */
  async stop(): Promise<void> {
    await stopDaemon("registry", this.place.folder);
    closePlace(this.place);
  }
}
