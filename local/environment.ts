import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";

import type { Language } from "../images/catalogue";
import type { Platform } from "../images/platform";
import { log, logHeading } from "../lib/log";
import { writeWhole } from "../lib/writeWhole";
import type { Backend, Services } from "./backend";
import { chooseBackend, remember } from "./chooseBackend";
import { type Purpose, checkout, estimateSetUp, folder, inFolder, prepareFolder } from "./folder";
import { ownPlatform } from "./native/platforms";
import { builderName } from "./addBuilder";
import { requireNeeds } from "./doctor/doctor";
import { ensureBases } from "./offline/bases";
import { ensurePlugin, ensurePulumi } from "./pulumiCli";
import { findReleases, findSnapshots, whyMirrored } from "./sources";
import { configFileOf } from "./stack";

/** A machine that is ready to release. */
export type Environment = Awaited<ReturnType<typeof setUp>>;

/**
 * Installs and starts everything that a release for these platforms needs. Repeated calls take seconds.
 * @param languages whose images are built; all by default
 * @param runs the platforms that this machine's BuildKit runs; fewer if another builder builds the images
 * @param purpose what the command does then: one that only reads needs no disk space for it
 * @returns among others the environment variables for pulumi, and the config that every release needs
 */
export async function setUp(
  platforms: readonly Platform[] = [ownPlatform()],
  {
    languages,
    runs = platforms,
    purpose = "build",
  }: { languages?: readonly Language[]; runs?: readonly Platform[]; purpose?: Purpose } = {},
) {
  const services = await startServices(runs, purpose);
  const { buildKit, builderLog, registry, ownRegistry, client, host } = services;
  const [pulumiReleases, debianSnapshots] = await Promise.all([findReleases(host), findSnapshots()]);
  // In parallel: an emulated substitute uses a single core, and so does much of a compiler's work.
  const [env, bases] = await Promise.all([
    preparePulumi(services),
    ensureBases({ client, registry }, platforms, languages),
  ]);
  writeEnvironmentFile(env);
  const mirrored = (await whyMirrored()) !== undefined;
  // The mirror's releases are not signed.
  const unsigned = mirrored ? { signatures: "off" as const } : {};
  const crossCompile = platforms.some((platform) => platform !== ownPlatform());
  const config = { platforms, crossCompile, builder: builderName, bases, pulumiReleases, debianSnapshots, ...unsigned };
  return { ...config, config, env, buildKit, builderLog, registry, ownRegistry, host, mirrored };
}

/** Starts the registry and a BuildKit that runs these platforms, after all that can fail at once. */
export async function startServices(runs: readonly Platform[], purpose: Purpose): Promise<Services> {
  const backend = await prepareBackend(purpose);
  const services = await backend.start(runs);
  remember(backend);
  return services;
}

async function prepareBackend(purpose: Purpose): Promise<Backend> {
  logHeading(`Setting up in ${folder}`);
  const backend = await chooseBackend();
  backend.requireUsable();
  await requireNeeds(backend.name, purpose);
  prepareFolder(backend.name, purpose);
  const estimate = await estimateSetUp(backend, async () => (await whyMirrored()) === undefined);
  if (estimate !== undefined) log("first set-up", estimate);
  return backend;
}

/** The folder of the local stack's config, which every run writes. Unlike the files of dev and prod, it is ignored. */
export const projectFolder = inFolder("project");

async function preparePulumi(services: Services): Promise<NodeJS.ProcessEnv> {
  const path = await ensurePulumi();
  const env = {
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
    ...services.env,
  };
  const folders = [inFolder("state"), env.PULUMI_HOME, env.DOCKER_CONFIG, projectFolder];
  for (const created of folders) mkdirSync(created, { recursive: true });
  await ensurePlugin(env);
  return env;
}

/** Writes .local/env: after `. .local/env`, a shell's plain pulumi works on the local stack. */
function writeEnvironmentFile(env: NodeJS.ProcessEnv): void {
  const quote = (text = "") => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  writeWhole(inFolder("env"), lines.join(""));
}
