import { versionLabel } from "../../images/labels";
import { type Row, textTable } from "../../lib/table";
import { type Comparison, type ImageReference, compareImages } from "./compareImages";
import type { ImageTag } from "./imageTag";
import type { RebuildTarget } from "./rebuildTargets";

/** Rebuilds images. Returns them by language. */
export type Rebuild = (targets: readonly RebuildTarget[]) => Promise<ReadonlyMap<string, ImageReference>>;

/** The result of a verification. */
export interface Verdict {
  /** Whether every image has the version of its tag and is identical to its rebuild. */
  readonly identical: boolean;
  /** What to print: a table of every language and platform, then the differences and their likely causes. */
  readonly lines: readonly string[];
}

/**
 * Rebuilds images, each in the version of its own label, and compares them with what is served. An image whose version
 * is not its tag's is reported first.
 */
export async function judge(tag: ImageTag, targets: readonly RebuildTarget[], rebuild: Rebuild): Promise<Verdict> {
  const mislabelled = targets.filter(({ version }) => tag.version !== undefined && version !== tag.version);
  const rebuilt = await rebuild(targets);
  const compared: Compared[] = [];
  for (const target of targets) {
    const language = target.language.name;
    const other = rebuilt.get(language);
    if (other === undefined) throw new Error(`${language} was not rebuilt.`);
    const comparisons = await compareImages(target, other, target.platforms);
    compared.push(...comparisons.map((comparison) => ({ language, ...comparison })));
  }
  return {
    identical: mislabelled.length === 0 && compared.every(({ result }) => result === "identical"),
    lines: [
      ...mislabelled.map((target) => describeLabel(target, tag)),
      ...textTable(compared.map(toRow)),
      ...compared.flatMap(describeDifferences),
    ],
  };
}

type Compared = Comparison & { readonly language: string };

function describeLabel({ language, version }: RebuildTarget, { tag, version: expected }: ImageTag): string {
  return `${language.name}: ${tag} should be Pulumi ${expected}, but label ${versionLabel} says ${version}.`;
}

function toRow({ language, platform, result, digest }: Compared): Row {
  return { language, platform, result, digest };
}

function describeDifferences({ language, platform, details, causes }: Compared): string[] {
  if (details.length === 0) return [];
  return [
    "",
    `${language} ${platform}, served → rebuilt:`,
    ...details.map((line) => `  ${line}`),
    ...causes.map((cause) => `  likely cause: ${cause}`),
  ];
}
