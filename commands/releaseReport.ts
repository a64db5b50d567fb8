import { addSummary } from "../lib/githubActions";
import { logHeading } from "../lib/log";
import type { ClientOf } from "../lib/oci/repositoryClient";
import { type Row, markdownTable, textTable } from "../lib/table";
import type { ImageOutputs } from "./publish";

/** The digest that a tag serves, by repository; undefined if the tag does not exist. */
export type ServedDigests = ReadonlyMap<string, string | undefined>;

/** Stands for a digest that could not be read. */
export const unknownDigest = "unknown";

/** What happened to a tag: `none`, `moved`, `new`, or `unknown` if it could not be read before. */
export function changeOf(before: string | undefined, now: string): string {
  if (before === undefined) return "new";
  if (before === unknownDigest) return "unknown";
  return before === now ? "none" : "moved";
}

/** The repositories whose tag serves another digest now. */
export function movedTags(before: ServedDigests, now: ServedDigests): string[] {
  return [...now].flatMap(([repository, digest]) =>
    digest === before.get(repository) || digest === unknownDigest ? [] : [repository],
  );
}

/** Prints a table of the released images, also to the job's summary. */
export async function reportRelease(images: ImageOutputs, before: ServedDigests, clientOf: ClientOf): Promise<void> {
  const rows = await readRows(images, before, clientOf);
  const unchanged = rows.every(({ change }) => change === "none");
  const sentence = unchanged ? "Nothing has changed: every tag serves the same digest as before." : "";
  logHeading("Released");
  for (const line of textTable(rows)) console.log(`  ${line}`);
  if (unchanged) console.log(`\n${sentence}`);
  addSummary([`## Released`, sentence, markdownTable(rows)].filter(Boolean).join("\n\n"));
}

async function readRows(images: ImageOutputs, before: ServedDigests, clientOf: ClientOf): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [language, { repository, tag, digest }] of Object.entries(images)) {
    const size = await clientOf(repository).compressedSize(digest);
    rows.push({
      language,
      reference: `${repository}:${tag}`,
      digest,
      compressed: `${(size / 1e6).toFixed(1)} MB`,
      change: changeOf(before.get(repository), digest),
    });
  }
  return rows;
}
