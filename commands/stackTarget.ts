import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import type { Release } from "../images/gitTag";
import { requireVariables } from "../lib/environmentVariables";
import { Fault } from "../lib/errors";
import type { Clone } from "../lib/git";
import { log } from "../lib/log";
import { requireLayers } from "./layers/requireLayers";
import { resolveRun } from "./resolveRun";
import { readPulumiReleases, readSignatures, readStackRegistry } from "./stackFile";
import type { Target } from "./target";

/** The stack of dev or prod, as its file in the checkout describes it and as CI runs it. */
export function stackTarget(stack: "dev" | "prod", clone: Clone): Target {
  const { folder } = clone;
  const logs = join(folder, ".local");
  return {
    stack,
    resolve: (gitTag = requireVariables(["TAG"]).TAG) => resolveRun(gitTag, clone, process.env["GITHUB_EVENT_NAME"]),
    registry: () => readStackRegistry(folder, stack),
    releases: async () => ({
      pulumiReleases: await readPulumiReleases(folder, stack),
      signatures: await readSignatures(folder, stack),
    }),
    prepare: async (release, languages, isRollback) => {
      mkdirSync(logs, { recursive: true });
      // A rollback builds nothing.
      if (!isRollback) await requireLayers(release, clone);
      await configureStack(release, folder, isRollback);
      return { folder, env: process.env, logs, languages, isRollback, unlock: `pulumi cancel ${stack} --yes` };
    },
  };
}

/** Selects a release's stack, which must exist, and sets `pulumiVersion`, `tag` and `retag` in its file. */
export async function configureStack(release: Release, folder: string, retag = false): Promise<void> {
  const { stack, pulumiVersion, tag } = release;
  await selectStack(stack, folder);
  const values = Object.entries({ pulumiVersion, tag, retag });
  const pairs = values.flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
  await execa("pulumi", ["config", "set-all", ...pairs, "--non-interactive"], { cwd: folder });
  log(stack, `Pulumi ${pulumiVersion}, image tag ${tag}`);
}

/** Selects a stack, which must exist, of the organization in PULUMI_ORGANIZATION if that is set. */
export async function selectStack(stack: string, folder: string): Promise<void> {
  const name = [process.env["PULUMI_ORGANIZATION"], stack].filter(Boolean).join("/");
  const select = await execa("pulumi", ["stack", "select", name, "--non-interactive"], { cwd: folder, reject: false });
  if (!select.failed) return;
  const reason = select.stderr.trim() || (select.shortMessage ?? "");
  const remedy = /no stack named/.test(reason)
    ? 'Create it once: see docs/maintaining.md, "Set up once".'
    : select.code === "ENOENT"
      ? "Install the Pulumi CLI: https://www.pulumi.com/docs/install."
      : "Check the backend of the stack's state (pulumi whoami), then run the same command again.";
  throw new Fault(`Could not select stack ${name}: ${reason}\n${remedy}`);
}
