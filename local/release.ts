import { platformsAskedFor } from "../ci/asked";
import { decide } from "../ci/decide";
import { Clone } from "../ci/git";
import { type Project, release, showPulumiIn } from "../ci/release";
import { causeOf, messageOf } from "../images/errors";
import { registryUrl } from "../images/registryClient";
import type { Release } from "../images/release";
import { withdrawnVersions } from "../images/withdrawals";
import { type Environment, projectFolder, setUp } from "./environment";
import { Fault } from "../ci/fault";
import { checkout, folder } from "./folder";
import { ensureRelease } from "./mirror";
import { defaultTag, requireObtainable } from "./releases";
import { heading, say } from "../ci/say";
import { type StackConfig, configValue, prepareStack } from "./stack";

/** `make up`: sets up, and releases what the git tag asks for on stack local. */
export async function up(gitTag: string | undefined): Promise<void> {
  await release(await prepareRelease(gitTag));
}

/** `make preview`: sets up, runs the smoke tests and shows what a release would change. */
export async function preview(gitTag: string | undefined): Promise<void> {
  const project = await prepareRelease(gitTag);
  heading("pulumi preview");
  if (!(await showPulumiIn(project, ["preview", "--diff", "--suppress-progress"]))) {
    throw new Fault("pulumi preview failed, see above. Nothing was published.");
  }
}

async function prepareRelease(gitTag: string | undefined): Promise<Project> {
  const knowledge = { gitTags: await new Clone(checkout).tags(), withdrawn: withdrawnVersions };
  // Before minutes of set-up: a tag that releases nothing, a registry that takes nothing, a version that cannot be had.
  const asked = gitTag === undefined ? undefined : decide(gitTag, knowledge);
  const wanted = platformsAskedFor();
  await requireRegistry(process.env["REGISTRY"]);
  if (asked !== undefined) await requireObtainable(asked.pulumiVersion);
  const environment = await setUp(wanted);
  const wantedRelease = asked ?? decide(await defaultTag(environment.mirrored), knowledge);
  const { pulumiVersion } = wantedRelease;
  if (asked === undefined) say("TAG", `not given: v${pulumiVersion}, the newest that can be had here`);
  if (environment.mirrored) await ensureRelease(pulumiVersion, environment.platforms);
  const stack = { name: "local", env: environment.env, folder: projectFolder };
  // The last repair stays in the config: taking it away would push every image once more.
  const repair = (await configValue(stack, "repair")) ?? "";
  await prepareStack(stack, { ...stackConfig(environment, wantedRelease), repair });
  return { folder: checkout, env: environment.env, logs: folder };
}

/** The config of a release on this machine. */
function stackConfig(environment: Environment, { pulumiVersion, tag }: Release): StackConfig {
  const { platforms: wanted, builder, bases, pulumiReleases, debianSnapshots } = environment;
  const registry = process.env["REGISTRY"] ?? environment.registry;
  const config = { pulumiVersion, tag, platforms: wanted, registry, builder, bases, pulumiReleases, debianSnapshots };
  return { ...config, ...signaturesOf(environment) };
}

/** The mirror's releases were built on this machine: nobody has signed them. Pulumi's own are verified as anywhere. */
function signaturesOf({ mirrored }: Environment): StackConfig {
  if (!mirrored) return {};
  say("signatures", "off: the mirror's releases were built on this machine, and nobody has signed them");
  return { signatures: "off" };
}

/** Throws a Fault where another registry than the local one is asked for, and does not answer or asks for a login. */
export async function requireRegistry(registry: string | undefined): Promise<void> {
  if (registry === undefined) return;
  const url = `${registryUrl(registry.replace(/\/.*$/, ""))}/v2/`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
    ({ status }) => status,
    (error: unknown) => messageOf(causeOf(error)),
  );
  if (answer === 200) return;
  if (answer === 401) {
    throw new Fault(
      `REGISTRY "${registry}" asks for a login (${url} answers 401), and a local release logs in nowhere. ` +
        `Name one that takes images from anyone, or leave REGISTRY out.`,
    );
  }
  const said = typeof answer === "number" ? `it answers ${answer}` : answer;
  throw new Fault(
    `REGISTRY "${registry}" is no registry that can be used: ${url}: ${said}. Start it, or leave REGISTRY out.`,
  );
}
