import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Platform } from "../../images/platform";
import { stopDaemon } from "../../local/native/daemon";
import { type Environment, setUp } from "../../local/environment";
import { inFolder } from "../../local/folder";
import { ensureRelease } from "../../local/offline/mirror";
import { portOf } from "../../local/native/ports";
import { startRegistry } from "../../local/native/registry";
import type { StackConfig } from "../../local/stack";
import { TestStack } from "./testStack";

/** A folder for the files of one test, and the environment of `make up` for its tools, BuildKit and bases. */
export interface Place {
  readonly environment: Environment;
  readonly folder: string;
  /** The config that every release on this machine needs. */
  readonly config: StackConfig;
}

/** Sets up. The mirror gets the releases that the tests install. */
export async function prepareMachine(
  versions: readonly string[],
  platforms?: readonly Platform[],
  languages?: string[],
): Promise<Environment> {
  const environment = await setUp(platforms, { languages });
  for (const version of versions) {
    if (environment.mirrored) await ensureRelease(version, environment.platforms);
  }
  return environment;
}

/** Sets up, and makes a folder. Without platforms and languages, for this machine's platform and every language. */
export async function openPlace(
  versions: readonly string[],
  platforms?: readonly Platform[],
  languages?: string[],
): Promise<Place> {
  const environment = await prepareMachine(versions, platforms, languages);
  mkdirSync(inFolder("tests"), { recursive: true });
  const folder = mkdtempSync(inFolder("tests", "run-"));
  mkdirSync(join(folder, "state"));
  const { builder, bases, pulumiReleases, debianSnapshots } = environment;
  const config = { platforms: environment.platforms, builder, bases, pulumiReleases, debianSnapshots };
  // Nobody has signed what the mirror holds.
  return { environment, folder, config: environment.mirrored ? { ...config, signatures: "off" } : config };
}

/** Removes the folder. */
export function closePlace({ folder }: Place): void {
  rmSync(folder, { recursive: true });
}

/** A stack with state of its own, and a registry of its own that asks for no login. */
export class Scratch extends TestStack {
  private constructor(
    readonly place: Place,
    registry: string,
  ) {
    const { environment, folder, config } = place;
    const env = { ...environment.env, PULUMI_BACKEND_URL: `file://${join(folder, "state")}` };
    super({ name: "test", env, folder: join(folder, "project") }, registry, { ...config, registry });
  }

  /** Brings it up. */
  static async start(
    versions: readonly string[],
    platforms?: readonly Platform[],
    languages?: string[],
  ): Promise<Scratch> {
    const place = await openPlace(versions, platforms, languages);
    const { environment, folder } = place;
    return new Scratch(place, await startRegistry(environment.tools, folder, await portOf("registry", folder)));
  }

  /** Another stack, whose images go to a path of their own in the same registry. */
  beside(name: string): TestStack {
    const stack = { ...this.stack, name, folder: join(this.place.folder, name) };
    const registry = `${this.prefix}/${name}`;
    return new TestStack(stack, registry, { ...this.ownConfig, registry });
  }

  /** Removes everything of it. */
  async stop(): Promise<void> {
    await stopDaemon("registry", this.place.folder);
    closePlace(this.place);
  }
}
