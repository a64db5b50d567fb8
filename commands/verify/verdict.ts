import { versionLabel } from "../../images/labels";
import type { Clone } from "../../lib/git";
import { type Row, textTable } from "../../lib/table";
import { type Comparison, type ImageReference, compareImages } from "./compare";
import type { AskedTag, PublishedImage } from "./published";

/** Builds images again. Gives them by their language. */
export type Rebuild = (images: readonly PublishedImage[]) => Promise<ReadonlyMap<string, ImageReference>>;

/** What a verification found. */
export interface Verdict {
  /** Whether every image is what its tag and this checkout say. */
  readonly identical: boolean;
  /** What to show: a table of every language and platform, then what differs and why. */
  readonly lines: readonly string[];
}

/**
 * Rebuilds what a tag serves, and compares. The version that is rebuilt is that of each image's label: where the tag names
 * another, that is said first.
 */
export async function judge(asked: AskedTag, images: readonly PublishedImage[], rebuild: Rebuild): Promise<Verdict> {
  const mislabelled = images.filter(({ version }) => asked.version !== undefined && version !== asked.version);
  const rebuilt = await rebuild(images);
  const compared: Compared[] = [];
  for (const image of images) {
    const other = rebuilt.get(image.language.name);
    if (other === undefined) throw new Error(`${image.language.name} was not rebuilt.`);
    compared.push({ image, comparisons: await compareImages(image, other, image.platforms) });
  }
  const all = compared.flatMap(({ comparisons }) => comparisons);
  return {
    identical: mislabelled.length === 0 && all.every(({ result }) => result !== "different"),
    lines: [
      ...mislabelled.map(({ language, version }) => mislabel(language.name, version, asked)),
      ...textTable(compared.flatMap(rows)),
      ...compared.flatMap(details),
    ],
  };
}

/**
 * Tells what of the images' sources is another in a checkout than at a commit or tag, if anything: the likeliest cause of
 * all.
 */
export async function changedSources(clone: Clone, revision: string): Promise<string | undefined> {
  const commit = await clone.commit(revision);
  if (commit === undefined) return `This checkout has no tag ${revision}: its Dockerfiles may be another commit's.`;
  const changed = await clone.git("diff", "--name-only", commit, "--", ...sources);
  if (changed === "") return undefined;
  return (
    `This checkout is not what ${revision} (${commit.slice(0, 12)}) has: ${changed.split("\n").join(", ")} differ. ` +
    `Check that commit out and verify again; where the release was dispatched, main's: "gh attestation verify" names it.`
  );
}

const sources = [
  "dockerfiles",
  ...["build", "catalogue", "dockerfile", "runnerImage"].map((part) => `images/${part}.ts`),
];

interface Compared {
  readonly image: PublishedImage;
  readonly comparisons: readonly Comparison[];
}

function mislabel(language: string, version: string, { tag, version: expected }: AskedTag): string {
  return `${language}: ${tag} should be Pulumi ${expected}, and label ${versionLabel} says ${version}.`;
}

function rows({ image, comparisons }: Compared): Row[] {
  return comparisons.map(({ platform, result, digest }) => ({
    language: image.language.name,
    platform,
    result,
    digest,
  }));
}

function details({ image, comparisons }: Compared): string[] {
  return comparisons.flatMap((comparison) => {
    if (comparison.details.length === 0) return [];
    return [
      "",
      `${image.language.name} ${comparison.platform}, served → rebuilt:`,
      ...comparison.details.map((line) => `  ${line}`),
      ...comparison.causes.map((cause) => `  likely cause: ${cause}`),
    ];
  });
}
