import type { LeftOut } from "../images/hosts";
import type { LeftOutReport } from "../images/leftOut";
import type { PublishedImage } from "../images/tag";
import { Fault } from "../lib/errors";
import { logHeading } from "../lib/log";
import type { ClientOf } from "../lib/oci/repositoryClient";
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

/** `pulumi up` failed. Its output says why. */
export class UpdateError extends Error {}

/**
 * Runs `pulumi up`, then checks that every tag in the registry points to the digest in the stack's outputs.
 * @throws {UpdateError} if `pulumi up` fails, unless it released all languages but those whose host Pulumi's archive lacks
 * @throws {Fault} if a tag is wrong
 */
export async function publish(project: Project, clientOf: ClientOf): Promise<Published> {
  const published = await update(project);
  const wrong = await findWrongTags(published.images, clientOf);
  if (wrong.length === 0) return published;
  throw new Fault(
    `The registry serves other images than were released: ${wrong.join("; ")}. ` +
      `Find out who else writes to it, then run the same command again.`,
  );
}

async function update(project: Project): Promise<Published> {
  logHeading("pulumi up");
  const began = new Date().toISOString();
  const args = ["up", "--yes", "--skip-preview", "--suppress-progress", "--suppress-outputs"];
  const succeeded = await runPulumi(project, [...args, ...targetArguments(project)]);
  const leftOut = succeeded ? {} : await readLeftOut(project, began);
  if (leftOut === undefined) throw new UpdateError("pulumi up failed");
  const images = JSON.parse(await readPulumi(project, "stack", "output", "images", "--json")) as ImageOutputs;
  return { images, leftOut };
}

/** Reads why the update that began then left out languages; undefined if it failed for another reason. */
async function readLeftOut(project: Project, began: string): Promise<LeftOut | undefined> {
  // The stack has no such output if no update ever left out a language.
  const text = await readPulumi(project, "stack", "output", "leftOut", "--json").catch(() => "{}");
  const { at = "", reasons } = JSON.parse(text) as Partial<LeftOutReport>;
  return at >= began ? reasons : undefined;
}

/** Sequential, because registries limit the requests of anonymous clients. */
async function findWrongTags(images: ImageOutputs, clientOf: ClientOf): Promise<string[]> {
  const wrong: string[] = [];
  for (const { repository, tag, digest } of Object.values(images)) {
    const served = await clientOf(repository).digest(tag);
    if (served === digest) continue;
    wrong.push(`${repository}:${tag} ${served === undefined ? "does not exist" : `is ${served}`} instead of ${digest}`);
  }
  return wrong;
}
