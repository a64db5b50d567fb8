import { execa, parseCommandString } from "execa";

import { selectedPlatforms } from "../commands/selection";
import type { Target } from "../commands/target";
import type { Release } from "../images/gitTag";
import { requireReleasable } from "../images/releasable";
import { readWithdrawn } from "../images/withdrawals";
import { readVariable } from "../lib/environmentVariables";
import { Fault, messageOf } from "../lib/errors";
import { Clone } from "../lib/git";
import { fetchWithRetry } from "../lib/http";
import { log } from "../lib/log";
import { runStep } from "../lib/runStep";
import { registryUrl } from "../lib/oci/repositoryClient";
import type { BackendName, Services } from "./backend";
import { readUsed } from "./chooseBackend";
import { projectFolder, setUp, startServices } from "./environment";
import { checkout, folder } from "./folder";
import { ensureRelease } from "./offline/mirror";
import { defaultTag, findReleases, requireAvailable, whyMirrored } from "./sources";
import { prepareStack } from "./stack";

/** This machine: stack local, with the builder and the registry that the set-up starts. */
export function localTarget(): Target {
  const platforms = selectedPlatforms();
  let started: Pick<Services, "registry" | "host"> | undefined;
  // Without the rest of the set-up, so that a missing tag is reported at once.
  const start = async () => (started ??= await startServices([], "read"));
  return {
    stack: "local",
    resolve: resolveTag,
    registry: async () => ({ registry: readVariable("REGISTRY") ?? (await start()).registry, alias: "" }),
    releases: async () => ({
      pulumiReleases: await findReleases((await start()).host),
      signatures: (await whyMirrored()) === undefined ? "required" : "off",
    }),
    prepare: async ({ pulumiVersion, tag }, languages, isRollback = false) => {
      const environment = await setUp(platforms, languages.length > 0 ? { languages } : {});
      started = environment;
      if (environment.mirrored) {
        await ensureRelease(pulumiVersion, environment.platforms);
        log("signatures", "off: releases built on this machine are not signed");
      }
      const stack = { name: "local", env: environment.env, folder: projectFolder };
      const config = {
        ...environment.config,
        pulumiVersion,
        tag,
        registry: readVariable("REGISTRY") ?? environment.registry,
        languages: languages.map(({ name }) => name),
        retag: isRollback,
      };
      await runStep("stack", "local, with its state in .local", () => prepareStack(stack, config));
      const remedies = { unlock: 'make pulumi ARGS="cancel --yes"', builderLog: environment.builderLog };
      // With REGISTRY, the images are pushed to another one.
      const own = readVariable("REGISTRY") === undefined ? { registry: environment.ownRegistry } : {};
      return { folder: checkout, env: environment.env, logs: folder, languages, isRollback, ...remedies, ...own };
    },
    nextSteps: ([reference = ""]) => nextSteps(readUsed(), reference),
  };
}

/** What a person can type after a release: a machine without Docker cannot run an image by itself. */
export function nextSteps(backend: BackendName | undefined, reference: string): string[] {
  const run = backend === "docker" ? `docker run --rm ${reference} pulumi version` : `make contract IMAGE=${reference}`;
  return [run, "make down   # stops the builder and the registry"];
}

/** Decides what a git tag releases, before minutes of set-up. */
async function resolveTag(gitTag: string | undefined): Promise<Release> {
  const context = { gitTags: await new Clone(checkout).tags(), withdrawn: readWithdrawn() };
  if (gitTag !== undefined) requireReleasable(gitTag, context);
  await requireRegistry(process.env["REGISTRY"]);
  if (gitTag === undefined) return requireReleasable(await findDefaultTag(), context);
  const release = requireReleasable(gitTag, context);
  await requireAvailable(release.pulumiVersion);
  return release;
}

function findDefaultTag(): Promise<string> {
  return runStep("TAG", "not set: looking for Pulumi's newest version", async (step) => {
    const tag = await defaultTag();
    step.done = `not set: ${tag}, the newest version available here`;
    return tag;
  });
}

/** Checks a registry that is used instead of the local one. */
export async function requireRegistry(registry: string | undefined): Promise<void> {
  if (registry === undefined) return;
  const url = `${registryUrl(registry.replace(/\/.*$/, ""))}/v2/`;
  const answers = ({ status }: Response) => (status === 200 ? undefined : `${url} answers ${status}`);
  const reason = await fetchWithRetry(url, { timeout: 10_000, retries: 0 }).then(answers, messageOf);
  if (reason === undefined) return;
  throw new Fault(
    reason.endsWith(" 401")
      ? `REGISTRY "${registry}" requires a login (${reason}), and stack local has no credentials. ` +
          `Use a registry that allows anonymous pushes, or omit REGISTRY.`
      : `REGISTRY "${registry}" is not a usable registry: ${reason}. Start it, or omit REGISTRY.`,
  );
}

/**
 * Runs pulumi on stack local with the arguments in ARGS; a backslash keeps a space in one. No shell reads them. Exits with its
 * exit code. Its stdout is pulumi's alone.
 */
export async function runLocalPulumi(): Promise<void> {
  const args = parseCommandString(process.env["ARGS"] ?? "");
  // No languages: the bases in the stack's config are those of its last release.
  const { env } = await setUp(undefined, { languages: [], purpose: "read" });
  const result = await execa("pulumi", args, { cwd: checkout, env, stdio: "inherit", reject: false });
  process.exitCode = result.exitCode ?? 1;
}
