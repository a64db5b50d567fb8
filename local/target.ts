import { requireReleasable } from "../images/releasable";
import type { Release } from "../images/gitTag";
import { readWithdrawn } from "../images/withdrawals";
import { selectedPlatforms } from "../commands/selection";
import type { Target } from "../commands/target";
import { readVariable } from "../lib/environmentVariables";
import { Fault, messageOf } from "../lib/errors";
import { Clone } from "../lib/git";
import { fetchWithRetry } from "../lib/http";
import { log } from "../lib/log";
import { registryUrl } from "../lib/oci/repositoryClient";
import { type Environment, prepareBuilder, projectFolder, setUp } from "./environment";
import { checkout, folder } from "./folder";
import { startLocalRegistry } from "./native/registry";
import { ensureRelease } from "./offline/mirror";
import { defaultTag, requireAvailable } from "./pulumiReleases";
import { type StackConfig, configValue, prepareStack } from "./stack";

/** This machine: stack local, with the builder and the registry that the set-up starts. */
export function localTarget(): Target {
  const platforms = selectedPlatforms();
  let started: string | undefined;
  return {
    stack: "local",
    resolve: resolveTag,
    registry: async () => ({
      registry: readVariable("REGISTRY") ?? (started ??= await startRegistryAlone()),
      alias: "",
    }),
    prepare: async (release, languages) => {
      const environment = await setUp(platforms, { languages: languages.length > 0 ? languages : undefined });
      started = environment.registry;
      if (environment.mirrored) await ensureRelease(release.pulumiVersion, environment.platforms);
      const stack = { name: "local", env: environment.env, folder: projectFolder };
      // The last value stays: removing it would push every image again.
      const repair = (await configValue(stack, "repair")) ?? "";
      const config = { ...stackConfig(environment, release), languages: languages.map(({ name }) => name), repair };
      await prepareStack(stack, config);
      return { folder: checkout, env: environment.env, logs: folder, languages };
    },
    nextSteps,
  };
}

/** Starts the registry of `make up` without the rest of the set-up, so that a missing tag is reported at once. */
async function startRegistryAlone(): Promise<string> {
  return startLocalRegistry(await prepareBuilder([]));
}

function nextSteps([reference]: readonly string[]): string[] {
  return [`Try an image: docker run --rm ${reference} pulumi version`, "Stop the builder and the registry: make down"];
}

/**
 * Decides what a git tag releases, before minutes of set-up.
 * @throws {Fault} if the tag may not be released, its version is not available or REGISTRY is not usable
 */
async function resolveTag(gitTag: string | undefined): Promise<Release> {
  const context = { gitTags: await new Clone(checkout).tags(), withdrawn: readWithdrawn() };
  if (gitTag !== undefined) requireReleasable(gitTag, context);
  await requireRegistry(readVariable("REGISTRY"));
  const release = requireReleasable(gitTag ?? (await defaultTag()), context);
  if (gitTag === undefined) log("TAG", `not set: v${release.pulumiVersion}, the newest version available here`);
  else await requireAvailable(release.pulumiVersion);
  return release;
}

function stackConfig(environment: Environment, { pulumiVersion, tag }: Release): StackConfig {
  const { platforms, builder, bases, pulumiReleases, debianSnapshots } = environment;
  const registry = readVariable("REGISTRY") ?? environment.registry;
  const config = { pulumiVersion, tag, platforms, registry, builder, bases, pulumiReleases, debianSnapshots };
  return { ...config, ...signatureConfig(environment) };
}

/** Releases that are built on this machine are not signed. Pulumi's own are verified, as on every stack. */
function signatureConfig({ mirrored }: Environment): StackConfig {
  if (!mirrored) return {};
  log("signatures", "off: releases that are built on this machine are not signed");
  return { signatures: "off" };
}

/**
 * Checks a registry that is used instead of the local one.
 * @throws {Fault} if it does not respond or requires a login
 */
export async function requireRegistry(registry: string | undefined): Promise<void> {
  if (registry === undefined) return;
  const url = `${registryUrl(registry.replace(/\/.*$/, ""))}/v2/`;
  const answer = await fetchWithRetry(url, { timeout: 10_000, retries: 0 }).then(({ status }) => status, messageOf);
  if (answer === 200) return;
  if (answer === 401) {
    throw new Fault(
      `REGISTRY "${registry}" requires a login (${url} answers 401), and stack local has no credentials. ` +
        `Use a registry that allows anonymous pushes, or omit REGISTRY.`,
    );
  }
  const reason = typeof answer === "number" ? `${url} answers ${answer}` : answer;
  throw new Fault(`REGISTRY "${registry}" is not a usable registry: ${reason}. Start it, or omit REGISTRY.`);
}
