import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import type { Language } from "../images/catalogue";
import type { Platform } from "../images/platform";
import { type Workshop, ensureBases } from "./offline/bases";
import { copyCertificates } from "./certificates";
import { ensureEmulation } from "./native/emulation";
import { checkout, folder, inFolder, prepareFolder } from "./folder";
import { ownPlatform } from "./native/ownPlatform";
import { mirrorFolder } from "./offline/mirror";
import { portOf } from "./native/ports";
import { ensurePulumi } from "./pulumiCli";
import { releasesSource } from "./pulumiReleases";
import { logHeading, log } from "../lib/log";
import { requireBuildKitCanStart, startBuildKit, startMirror, startRegistry } from "./native/services";
import { snapshotsSource } from "./debianSnapshots";
import { configFileOf } from "./stack";
import { type BuilderTools, ensureBuilderTools } from "./native/builderTools";
import { ensurePlugin } from "./plugin";

/** A machine that is ready to release. */
export interface Environment {
  /** The environment variables that pulumi runs with. */
  readonly env: NodeJS.ProcessEnv;
  readonly tools: BuilderTools;
  /** BuildKit's address. */
  readonly buildKit: string;
  /** The name under which buildx knows BuildKit. */
  readonly builder: string;
  /** The local registry's address. */
  readonly registry: string;
  /** The platforms that images are built for. */
  readonly platforms: readonly Platform[];
  /** Stages that are replaced by what can be had here. */
  readonly bases: Readonly<Record<string, string>>;
  /** The URL prefix of Pulumi's releases, or of their mirror. */
  readonly pulumiReleases: string;
  /** The URL prefix of Debian's snapshots, empty where they cannot be reached. */
  readonly debianSnapshots: string;
  /** Whether Pulumi's releases come from the mirror. */
  readonly mirrored: boolean;
}

/** What an environment is for, where it is not for everything. */
export interface Extent {
  /** The languages whose images are built. */
  readonly languages?: readonly Language[] | undefined;
  /** The platforms that its own BuildKit has to run: fewer where another builder builds the images. */
  readonly runs?: readonly Platform[] | undefined;
}

/**
 * Brings up everything that a release for these platforms needs, and says what it uses and why. A second call takes
 * seconds.
 */
export async function setUp(
  wanted: readonly Platform[] = [ownPlatform()],
  { languages, runs = wanted }: Extent = {},
): Promise<Environment> {
  logHeading(`Setting up in ${folder}`);
  prepareFolder();
  requireBuildKitCanStart(folder);
  await ensureEmulation(runs);
  const tools = await ensureBuilderTools();
  const buildKit = await startBuildKit(tools, folder, { platforms: runs });
  const registry = await startRegistry(tools, folder, await portOf("registry", folder, "REGISTRY_PORT"));
  const builder = addBuilder("runner-pulumi", [buildKit]);
  const source = await releasesSource();
  log("Pulumi releases", `${source.url ?? "a mirror on this machine"} (${source.reason})`);
  const pulumiReleases =
    source.url ?? (await startMirror(mirrorFolder, folder, await portOf("mirror", folder, "MIRROR_PORT")));
  const snapshots = await snapshotsSource();
  log("Debian packages", `${snapshots.url || "the base's own sources"} (${snapshots.reason})`);
  // Side by side: an emulated stand-in keeps one core busy, and so does much of what a compiler does.
  const [env, bases] = await Promise.all([
    preparePulumi(),
    ensureAllBases({ buildctl: tools.buildctl, buildKit, registry }, wanted, languages),
  ]);
  writeEnvironmentFile(env);
  const mirrored = source.url === undefined;
  const sources = { pulumiReleases, debianSnapshots: snapshots.url, mirrored };
  return { env, tools, buildKit, builder, registry, platforms: wanted, bases, ...sources };
}

/** Where the local stack's config is. It is made by each run, so it does not stand in the committed files. */
export const projectFolder = inFolder("project");

/** Brings the Pulumi CLI and its plugin. Gives the environment variables that pulumi runs with. */
async function preparePulumi(): Promise<NodeJS.ProcessEnv> {
  const env = environmentVariables(await ensurePulumi());
  await ensurePlugin(env);
  return env;
}

function environmentVariables(path: readonly string[]): NodeJS.ProcessEnv {
  const own = {
    PATH: [...path, join(checkout, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
    PULUMI_HOME: inFolder("pulumi"),
    PULUMI_BACKEND_URL: `file://${inFolder("state")}`,
    PULUMI_STACK: "local",
    PULUMI_OPTION_CONFIG_FILE: configFileOf({ name: "local", folder: projectFolder }),
    // The local stack has no secrets.
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // `make check` checks the types.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    BUILDX_CONFIG: inFolder("buildx"),
    DOCKER_CONFIG: inFolder("docker"),
  };
  for (const created of [inFolder("state"), own.PULUMI_HOME, own.DOCKER_CONFIG, projectFolder]) {
    mkdirSync(created, { recursive: true });
  }
  return own;
}

/**
 * Registers the BuildKits of some addresses with buildx as one builder, in the file that `docker buildx create --driver
 * remote` writes. Which node builds a platform is decided by what each can build. Gives the builder's name.
 */
export function addBuilder(name: string, addresses: readonly string[]): string {
  const instances = inFolder("buildx", "instances");
  mkdirSync(instances, { recursive: true });
  const entries = addresses.map((address, index) => ({
    Name: `${name}${index}`,
    Endpoint: address,
    Platforms: null,
    DriverOpts: {},
    Flags: null,
    Files: null,
  }));
  writeFileSync(
    join(instances, name),
    JSON.stringify({ Name: name, Driver: "remote", Nodes: entries, Dynamic: false }),
  );
  return name;
}

async function ensureAllBases(
  workshop: Workshop,
  wanted: readonly Platform[],
  languages?: readonly Language[],
): Promise<Record<string, string>> {
  const bases = await ensureBases(
    workshop,
    wanted,
    languages?.map(({ name }) => name),
  );
  const certificates = await copyCertificates();
  return certificates === undefined ? bases : { ...bases, certificates };
}

/** For a shell: `. .local/env`, then plain pulumi works on the local stack. */
function writeEnvironmentFile(env: NodeJS.ProcessEnv): void {
  const quote = (text = "") => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  writeFileSync(inFolder("env"), lines.join(""));
}
