import { randomUUID } from "node:crypto";

import type { LeftOut } from "../images/hosts";
import { type LeftOutReport, runVariable } from "../images/leftOut";
import type { PublishedImage } from "../images/tag";
import { messageOf } from "../lib/errors";
import { logHeading } from "../lib/log";
import { programMessage } from "../lib/programMessage";
import { findLost } from "../lib/oci/findLost";
import type { ClientOf, RepositoryClient } from "../lib/oci/repositoryClient";
import { readPulumi, runPulumi, targetArguments } from "./pulumi";
import type { Project } from "./target";

/** The stack's output `images`, by language. */
export type ImageOutputs = Readonly<
  Record<string, Readonly<Record<Exclude<keyof PublishedImage, "pushesAgain">, string>>>
>;

/** What an update released, and why it left out other languages. */
interface Published {
  readonly images: ImageOutputs;
  readonly leftOut: LeftOut;
}

/** An update that failed, or whose outputs cannot be read: tags may have moved. Its message is the start of a sentence. */
export class UpdateError extends Error {
  constructor(
    /** Sentences. */
    readonly causes: readonly string[],
    failure = "pulumi up failed, see above",
  ) {
    super(failure);
  }
}

/**
 * Runs `pulumi up`.
 * @throws {UpdateError} if it fails, unless it released all languages but those whose host Pulumi's archive lacks; also if its
 *   outputs cannot be read afterwards
 */
export async function publish(project: Project): Promise<Published> {
  logHeading("pulumi up");
  const run = randomUUID();
  const own = { ...project, env: { ...project.env, [runVariable]: run } };
  const args = ["up", "--yes", "--skip-preview", "--suppress-progress", "--suppress-outputs"];
  const { succeeded, causes } = await runPulumi(own, [...args, ...targetArguments(project)]);
  const leftOut = succeeded ? {} : await readLeftOut(project, run);
  if (leftOut === undefined) throw new UpdateError(causes);
  const images = await readImageOutputs(project).catch((error: unknown) => {
    const ended = succeeded ? "pulumi up succeeded" : "pulumi up released all other languages";
    const reason = programMessage(error).replace(/\s+/g, " ");
    throw new UpdateError(Object.values(leftOut), `${ended}, but its outputs cannot be read (${reason})`);
  });
  return { images, leftOut };
}

async function readImageOutputs(project: Project): Promise<ImageOutputs> {
  return JSON.parse(await readPulumi(project, "stack", "output", "images", "--json")) as ImageOutputs;
}

/** Reads why an update left out languages; undefined if it failed for another reason. */
async function readLeftOut(project: Project, own: string): Promise<LeftOut | undefined> {
  // The stack has no such output if no update ever left out a language.
  const text = await readPulumi(project, "stack", "output", "leftOut", "--json").catch(() => "{}");
  // Those of an earlier update remain if this one breaks off.
  const { run, reasons } = JSON.parse(text) as Partial<LeftOutReport>;
  return run === own ? reasons : undefined;
}

/**
 * Looks at everything that a client would pull of what was published: every tag, manifest and blob.
 * @returns what is not as it was published, or cannot be read, a sentence without its period each
 */
export async function findProblems(images: ImageOutputs, clientOf: ClientOf): Promise<string[]> {
  const problems: string[] = [];
  // Sequential, because registries limit the requests of anonymous clients.
  for (const { repository, tag, digest } of Object.values(images)) {
    const problem = await findProblem(clientOf(repository), tag, digest).catch(
      (error: unknown) => `could not be checked: ${messageOf(error)}`,
    );
    if (problem !== undefined) problems.push(`${repository}:${tag} ${problem}`);
  }
  return problems;
}

async function findProblem(client: RepositoryClient, tag: string, digest: string): Promise<string | undefined> {
  const served = await client.digest(tag);
  if (served === undefined) return `does not exist instead of being ${digest}`;
  if (served !== digest) return `is ${served} instead of ${digest}`;
  const lost = await findLost(client, digest);
  return lost.length === 0 ? undefined : `cannot be pulled: the registry has lost ${lost.join(", ")}`;
}
