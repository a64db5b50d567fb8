import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import type { Language } from "../images/catalogue";
import type { Platform } from "../images/platform";
import { log, logHeading } from "../lib/log";
import { copyCertificates } from "./certificates";
import { findSnapshots } from "./debianSnapshots";
import { checkout, folder, inFolder, prepareFolder } from "./folder";
import { requireBuildKitCanStart, startBuildKit } from "./native/buildKit";
import { type BuilderTools, ensureBuilderTools } from "./native/builderTools";
import { addBuilder } from "./native/buildxBuilder";
import { ensureEmulation } from "./native/emulation";
import { ownPlatform } from "./native/ownPlatform";
import { startLocalRegistry } from "./native/registry";
import { ensureBases } from "./offline/bases";
import type { Workshop } from "./offline/buildSubstitute";
import { startMirrorServer } from "./offline/mirrorServer";
import { ensurePlugin } from "./plugin";
import { ensurePulumi } from "./pulumiCli";
import { officialReleases, whyMirrored } from "./pulumiReleases";
import { estimateSetUp } from "./setUpEstimate";
import { logPart } from "./setupLog";
import { configFileOf } from "./stack";

/** A machine that is ready to release. */
export interface Environment {
  /** Environment variables for pulumi. */
  readonly env: NodeJS.ProcessEnv;
  readonly tools: BuilderTools;
  /** BuildKit's address. */
  readonly buildKit: string;
  /** The name of the buildx builder for BuildKit. */
  readonly builder: string;
  /** The local registry's address. */
  readonly registry: string;
  /** The platforms that images are built for. */
  readonly platforms: readonly Platform[];
  /** Build contexts that replace stages, by stage. */
  readonly bases: Readonly<Record<string, string>>;
  /** URL prefix of Pulumi's releases or their mirror. */
  readonly pulumiReleases: string;
  /** URL prefix of Debian's snapshots; empty if they cannot be reached. */
  readonly debianSnapshots: string;
  /** Whether Pulumi's releases come from the mirror. */
  readonly mirrored: boolean;
}

/** Limits what an environment is set up for. */
export interface Extent {
  /** The languages whose images are built; all by default. */
  readonly languages?: readonly Language[] | undefined;
  /** The platforms that this machine's BuildKit runs; fewer if another builder builds the images. */
  readonly runs?: readonly Platform[] | undefined;
}

/**
 * Installs and starts everything that a release for these platforms needs, and logs a line about each part. Repeated calls
 * take seconds.
 * @throws {Fault} if a part is not available on this machine
 */
export async function setUp(
  platforms: readonly Platform[] = [ownPlatform()],
  { languages, runs = platforms }: Extent = {},
): Promise<Environment> {
  const tools = await prepareBuilder(runs);
  const buildKit = await startBuildKit(tools, folder, { platforms: runs });
  const registry = await startLocalRegistry(tools);
  const builder = addBuilder("runner-pulumi", [buildKit]);
  const [unavailable, debianSnapshots] = await Promise.all([whyMirrored(), findSnapshots()]);
  const pulumiReleases = await findReleases(unavailable);
  // In parallel: an emulated substitute uses a single core, and so does much of a compiler's work.
  const [env, bases] = await Promise.all([
    preparePulumi(unavailable),
    ensureAllBases({ buildctl: tools.buildctl, buildKit, registry }, platforms, languages),
  ]);
  writeEnvironmentFile(env);
  const mirrored = unavailable !== undefined;
  return { env, tools, buildKit, builder, registry, platforms, bases, pulumiReleases, debianSnapshots, mirrored };
}

/**
 * Installs the programs behind the builder and the registry, after everything that can fail at once.
 * @param runs the platforms that BuildKit must be able to run
 * @throws {Fault} if BuildKit cannot run on this machine
 */
export async function prepareBuilder(runs: readonly Platform[]): Promise<BuilderTools> {
  requireBuildKitCanStart(folder);
  logHeading(`Setting up in ${folder}`);
  prepareFolder();
  const estimate = estimateSetUp();
  if (estimate !== undefined) log("first set-up", estimate);
  await ensureEmulation(runs);
  return ensureBuilderTools();
}

/** The folder of the local stack's config, which every run writes. It is ignored, unlike the stack files of dev and prod. */
export const projectFolder = inFolder("project");

/** Logs where Pulumi's releases come from, and starts their mirror if they are unavailable. Returns their URL prefix. */
async function findReleases(unavailable: string | undefined): Promise<string> {
  if (unavailable === undefined) {
    logPart("Pulumi releases", officialReleases);
    return officialReleases;
  }
  logPart("Pulumi releases", "built on this machine (get.pulumi.com not reachable)", unavailable);
  return startMirrorServer();
}

/** Installs the Pulumi CLI and its plugin. Returns the environment variables for pulumi. */
async function preparePulumi(unavailable: string | undefined): Promise<NodeJS.ProcessEnv> {
  const env = environmentVariables(await ensurePulumi(unavailable));
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

async function ensureAllBases(
  workshop: Workshop,
  platforms: readonly Platform[],
  languages?: readonly Language[],
): Promise<Record<string, string>> {
  const names = languages?.map(({ name }) => name);
  const bases = await ensureBases(workshop, platforms, names);
  const certificates = await copyCertificates();
  return certificates === undefined ? bases : { ...bases, certificates };
}

/** Writes .local/env: after `. .local/env`, a shell's plain pulumi works on the local stack. */
function writeEnvironmentFile(env: NodeJS.ProcessEnv): void {
  const quote = (text = "") => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  writeFileSync(inFolder("env"), lines.join(""));
}
