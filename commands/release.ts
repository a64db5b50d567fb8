import { type Language, catalogue } from "../images/catalogue";
import type { LeftOut } from "../images/hosts";
import { type RegistryAddress, repositoryUri } from "../images/repositoryUri";
import { readVariable } from "../lib/environmentVariables";
import { Fault } from "../lib/errors";
import { addSummary, setOutputs } from "../lib/githubActions";
import { logHeading } from "../lib/log";
import { readImages } from "../lib/oci/image";
import { type ClientOf, repositoryClients } from "../lib/oci/repositoryClient";
import { type Row, markdownTable, textTable } from "../lib/table";
import { UpdateError, publish } from "./publish";
import type { Target } from "./target";

/** The digest that a tag serves, by repository: undefined if the tag does not exist, `unknown` if it cannot be read. */
type ServedDigests = ReadonlyMap<string, string | undefined>;

/** A published image, as workflows attest it, with the digests of its platforms' manifests by os/architecture. */
export interface Subject extends Readonly<Record<"language" | "repository" | "digest", string>> {
  readonly platforms: Readonly<Record<string, string>>;
}

/**
 * Releases a git tag on a target: runs `pulumi up`, checks the registry and reports what changed. Sets the step outputs
 * `stack`, `tag` and `images`, the attestation subjects as JSON.
 * @param languages releases only these; none means all
 * @param isRollback moves the tag to images that are published, without a build
 * @throws {Fault} if the tag may not be released or if the update fails; the message lists the tags that moved anyway. After
 *   all other languages are released, if Pulumi's archive lacks the host of one
 */
export async function release(
  target: Target,
  gitTag: string | undefined,
  languages: readonly Language[] = [],
  isRollback = false,
) {
  const wanted = await target.resolve(gitTag);
  if (wanted === undefined) return;
  const project = await target.prepare(wanted, languages, isRollback);
  const clientOf = repositoryClients();
  const registry = await target.registry();
  const readDigests = () => readServedDigests(registry, wanted.tag, clientOf);
  const before = await readDigests();
  const { images, leftOut } = await publish(project, clientOf).catch(async (error: unknown) => {
    throw error instanceof UpdateError ? updateFault(before, await readDigests()) : error;
  });
  const subjects: Subject[] = [];
  for (const [language, { repository, digest }] of Object.entries(images)) {
    const platforms = (await readImages(clientOf(repository), digest)).map(
      (image) => [image.platform, image.digest] as const,
    );
    subjects.push({ language, repository, digest, platforms: Object.fromEntries(platforms) });
  }
  // Before the report: the images are public by now and are attested from this output.
  setOutputs({ stack: target.stack, tag: wanted.tag, images: JSON.stringify(subjects) });
  if (subjects.length > 0) await reportRelease(subjects, wanted.tag, before, clientOf);
  const references = Object.values(images).map(({ repository, tag }) => `${repository}:${tag}`);
  const steps = references.length > 0 ? target.nextSteps?.(references) : undefined;
  for (const step of steps ?? []) console.error(`  ${step}`);
  requireAll(leftOut, Object.keys(images));
}

/** Fails if languages were left out. */
function requireAll(leftOut: LeftOut, released: readonly string[]): void {
  const reasons = Object.values(leftOut);
  if (reasons.length === 0) return;
  const others =
    released.length > 0 ? `Released all the same, see above: ${released.join(", ")}.` : "No tag has moved.";
  addSummary([...reasons, others].join("\n\n"));
  throw new Fault([...reasons, others].join("\n"));
}

/** Sequential, because registries limit the requests of anonymous clients. */
async function readServedDigests(registry: RegistryAddress, tag: string, clientOf: ClientOf): Promise<ServedDigests> {
  const served = new Map<string, string | undefined>();
  for (const { name } of catalogue) {
    const client = clientOf(repositoryUri(registry, name));
    served.set(client.repository, await client.digest(tag).catch(() => "unknown"));
  }
  return served;
}

/** The repositories whose tag serves another digest now. */
export function movedTags(before: ServedDigests, now: ServedDigests): string[] {
  const moved = [...now].filter(([repository, digest]) => digest !== before.get(repository) && digest !== "unknown");
  return moved.map(([repository]) => repository);
}

function updateFault(before: ServedDigests, now: ServedDigests): Fault {
  const moved = movedTags(before, now).join(", ");
  const unknown = [...now].flatMap(([repository, digest]) => (digest === "unknown" ? repository : [])).join(", ");
  const consequence = moved
    ? `, after these tags moved: ${moved}. Run the same command again to release the other languages.`
    : unknown
      ? `. Could not read ${unknown}, so it is unknown whether a tag has moved. ` +
        `Run the same command again when the registry answers.`
      : ". No tag has moved: users still pull what they did before.";
  // A step that is not in the layers cannot run here: see docs/native.md.
  const layers = readVariable("LAYERS")
    ? ` If a log above ends with "exec format error", a step of the other platform is not in its layers: run the job that ` +
      `wrote them again, which is arm64 on GitHub.`
    : "";
  return new Fault(`pulumi up failed, see above${consequence}${layers}`);
}

/** Prints a table of the released images, with short digests that fit a terminal; in full in the job's summary. */
async function reportRelease(
  subjects: readonly Subject[],
  tag: string,
  before: ServedDigests,
  clientOf: ClientOf,
): Promise<void> {
  const rows: Row[] = [];
  for (const { language, repository, digest, platforms } of subjects) {
    const compressed = `${((await clientOf(repository).compressedSize(digest)) / 1e6).toFixed(1)} MB`;
    const change = changeOf(before.get(repository), digest);
    const architectures = Object.keys(platforms).map((platform) => platform.replace("linux/", ""));
    rows.push({ language, reference: `${repository}:${tag}`, digest, compressed, linux: architectures.join(), change });
  }
  const isUnchanged = rows.every(({ change }) => change === "none");
  const sentence = isUnchanged ? "Nothing has changed: every tag serves the same digest as before." : "";
  logHeading("Released");
  const short = rows.map((row) => ({ ...row, digest: `${String(row["digest"]).slice(0, 15)}…` }));
  for (const line of textTable(short)) console.log(`  ${line}`);
  if (sentence) console.log(`\n${sentence}`);
  addSummary(["## Released", sentence, markdownTable(rows)].filter(Boolean).join("\n\n"));
}

/** What happened to a tag: `none`, `moved`, `new`, or `unknown` if it could not be read before. */
export function changeOf(before: string | undefined, now: string): string {
  if (before === undefined) return "new";
  if (before === "unknown") return "unknown";
  return before === now ? "none" : "moved";
}
