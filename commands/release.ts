import { type Language, catalogue } from "../images/catalogue";
import type { LeftOut } from "../images/hosts";
import { versionLabel } from "../images/labels";
import { type RegistryAddress, repositoryUri } from "../images/repositoryUri";
import { commandLine } from "../lib/command";
import { Fault } from "../lib/errors";
import { addSummary, setOutputs } from "../lib/githubActions";
import { logHeading } from "../lib/log";
import { beyondPush } from "../lib/oci/findLost";
import { readImages } from "../lib/oci/image";
import { type ClientOf, RefusedError, repositoryClients } from "../lib/oci/repositoryClient";
import { runStep } from "../lib/runStep";
import { type Row, fittingTable, markdownTable } from "../lib/table";
import { paint, widthOf } from "../lib/terminal";
import { type ImageOutputs, UpdateError, findProblems, publish } from "./publish";
import type { Target } from "./target";

/** The digest that a tag serves, by repository: undefined if the tag does not exist, `unknown` if it cannot be read. */
type ServedDigests = ReadonlyMap<string, string | undefined>;
/** What digests mean to people. */
type VersionOf = (repository: string, digest: string | undefined) => Promise<string>;

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
 *   the outputs are set, if the registry does not serve all that was published, and if Pulumi's archive lacks a language's host
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
  const { images, leftOut } = await publish(project).catch(async (error: unknown) => {
    if (!(error instanceof UpdateError)) throw error;
    throw await updateFault(
      wanted.tag,
      { failure: error.message, before, now: await readDigests(), causes: error.causes },
      versionsBy(clientOf),
    );
  });
  const problems = await runStep("registry", "asking for every manifest and blob", async (step) => {
    const found = await findProblems(images, clientOf);
    step.done = found.length === 0 ? "serves every manifest and blob" : "does not serve all of it, see below";
    return found;
  });
  const subjects = await readSubjects(images, clientOf);
  // Before the report: the images are public by now and are attested from this output.
  setOutputs({ stack: target.stack, tag: wanted.tag, images: JSON.stringify(subjects) });
  if (subjects.length > 0) await reportRelease(subjects, wanted.tag, { before, problems }, clientOf);
  const references = Object.values(images).map(({ repository, tag }) => `${repository}:${tag}`);
  const steps = references.length > 0 ? target.nextSteps?.(references) : undefined;
  if (steps !== undefined) logHeading("Next");
  for (const step of steps ?? []) console.error(`  ${step}`);
  requireNone(problems);
  requireAll(leftOut, Object.keys(images));
}

/** Reads the manifests of each image's platforms; none if the registry does not answer, because the index is attested anyway. */
async function readSubjects(images: ImageOutputs, clientOf: ClientOf): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const [language, { repository, digest }] of Object.entries(images)) {
    const platforms = await readImages(clientOf(repository), digest).catch(() => []);
    const digests = platforms.map((image) => [image.platform, image.digest] as const);
    subjects.push({ language, repository, digest, platforms: Object.fromEntries(digests) });
  }
  return subjects;
}

/** Fails if the registry does not serve what was published. */
function requireNone(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new Fault(
    [
      "pulumi up succeeded and every tag has moved, but the registry does not serve all of it:",
      ...problems.map((problem) => `  - ${problem}`),
      "Run the same command again: it pushes what is lost. If a tag serves another digest, find out first who else moves it.",
      beyondPush(problems),
    ]
      .filter(Boolean)
      .join("\n"),
  );
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
  // Each request to a registry that does not answer takes seconds, because it is retried.
  let answers = true;
  for (const { name } of catalogue) {
    const client = clientOf(repositoryUri(registry, name));
    const read = () =>
      client.digest(tag).catch((error: unknown) => {
        answers = error instanceof RefusedError && error.status < 500;
        return "unknown";
      });
    served.set(client.repository, answers ? await read() : "unknown");
  }
  return served;
}

/** The repositories whose tag serves another digest now, and those of which that is unknown: it could not be read then or now. */
export function movedTags(before: ServedDigests, now: ServedDigests) {
  const changed = [...now].filter(([repository, digest]) => digest !== before.get(repository));
  const isUnknown = ([repository, digest]: (typeof changed)[number]) =>
    digest === "unknown" || before.get(repository) === "unknown";
  const names = (entries: typeof changed) => entries.map(([repository]) => repository);
  return {
    moved: names(changed.filter((entry) => !isUnknown(entry))),
    unknown: names([...now].filter(isUnknown)),
  };
}

/** Describes a digest by the version in its label: `Pulumi 3.66.0, sha256:…`. */
function versionsBy(clientOf: ClientOf): VersionOf {
  return async (repository, digest) => {
    if (digest === undefined) return "none";
    const labels = await clientOf(repository)
      .labels(digest)
      .catch(() => undefined);
    return `Pulumi ${labels?.[versionLabel] ?? "of an unknown version"}, ${digest}`;
  };
}

/** How far an update got that failed, and why it failed. */
interface Broken {
  readonly failure: string;
  readonly before: ServedDigests;
  readonly now: ServedDigests;
  readonly causes: readonly string[];
}

/** Reports what failed, which tags moved anyway, why, and what to type. */
async function updateFault(
  tag: string,
  { failure, before, now, causes }: Broken,
  versionOf: VersionOf,
): Promise<Fault> {
  const { moved, unknown } = movedTags(before, now);
  const moves = moved.map(async (repository) => {
    const [from, to] = [before.get(repository), now.get(repository)];
    return `  - ${repository}:${tag}: ${await versionOf(repository, from)} → ${await versionOf(repository, to)}`;
  });
  const unread = `Could not read ${unknown.join(", ")}, so it is unknown whether`;
  const consequences =
    moved.length > 0
      ? [
          `${failure}, after these tags moved:`,
          ...(await Promise.all(moves)),
          unknown.length > 0 ? `${unread} others have moved.` : "No other tag has moved.",
        ]
      : unknown.length > 0
        ? [`${failure}. ${unread} a tag has moved.`]
        : [`${failure}. No tag has moved: users still pull what they did before.`];
  // A step that is not in the layers cannot run here: see docs/native.md. The job release sets the variable, maybe to nothing.
  const layers =
    process.env["LAYERS"] === undefined
      ? []
      : [
          `If a log above ends with "exec format error", a step of the other platform is not in its layers: run all jobs of ` +
            `this workflow again, which builds them.`,
        ];
  return new Fault([...consequences, ...causes, ...nextStep(moved, unknown, causes), ...layers].join("\n"));
}

/** What to do after an update that failed; nothing if a cause says so. In a workflow, a command would release without its job. */
function nextStep(moved: readonly string[], unknown: readonly string[], causes: readonly string[]): string[] {
  const isWorkflow = process.env["GITHUB_ACTIONS"] === "true";
  const again = isWorkflow ? "run this job again." : `run the same command again: ${commandLine()}`;
  if (moved.length > 0) return [`To finish the release, ${again}`];
  if (unknown.length > 0) return [`When the registry can be read, ${again}`];
  return causes.length > 0 ? [] : [`Correct that, then ${again}`];
}

/** Prints a table of the released images, with short digests that fit a terminal; in full in the job's summary. */
async function reportRelease(
  subjects: readonly Subject[],
  tag: string,
  { before, problems }: { readonly before: ServedDigests; readonly problems: readonly string[] },
  clientOf: ClientOf,
): Promise<void> {
  const rows: Row[] = [];
  for (const { language, repository, digest, platforms } of subjects) {
    const size = await clientOf(repository)
      .compressedSize(digest)
      .catch(() => undefined);
    const compressed = size === undefined ? "unknown" : `${(size / 1e6).toFixed(1)} MB`;
    const change = changeOf(before.get(repository), digest);
    const architectures = Object.keys(platforms).map((platform) => platform.replace("linux/", ""));
    const reference = `${repository}:${tag}`;
    rows.push({ language, reference, digest, size: compressed, platforms: architectures.join(), change });
  }
  const isUnchanged = problems.length === 0 && rows.every(({ change }) => change === "none");
  const sentence = isUnchanged ? "Nothing has changed: every tag serves the same digest as before." : "";
  logHeading("Released");
  const short = rows.map((row) => ({ ...row, digest: `${String(row["digest"]).slice(0, 15)}…` }));
  const [columns = "", ...lines] = fittingTable(short, widthOf(process.stdout) - 2, "reference");
  for (const line of [paint("dim", columns, process.stdout), ...lines]) console.log(`  ${line}`);
  if (sentence) console.log(`\n${sentence}`);
  addSummary(["## Released", sentence, markdownTable(rows)].filter(Boolean).join("\n\n"));
}

/** What happened to a tag: `none`, `moved`, `new`, or `unknown` if it could not be read before. */
export function changeOf(before: string | undefined, now: string): string {
  if (before === undefined) return "new";
  if (before === "unknown") return "unknown";
  return before === now ? "none" : "moved";
}
