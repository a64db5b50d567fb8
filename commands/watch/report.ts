import type { Remedy } from "./plan";

/** A release of which something is missing, and what is done about it. */
export interface FailedRelease {
  readonly gitTag: string;
  /** The languages whose image is missing. */
  readonly missing: readonly string[];
  readonly remedy: Remedy;
}

/** What a watch found and did, or in a dry run would have done. */
export interface WatchReport {
  readonly dryRun: boolean;
  /** The commit that tags are pushed for, the head of main. */
  readonly commit: string;
  /** The tags that were pushed, in the order in which they were. */
  readonly pushed: readonly string[];
  /** The tags that were to be pushed and that somebody else made first. */
  readonly madeMeanwhile: readonly string[];
  /** The versions that Pulumi has released and that cannot be built yet, each with the reason. */
  readonly waiting: Readonly<Record<string, string>>;
  /** Those of them that Pulumi published too long ago to wait any longer in silence. */
  readonly overdue: readonly string[];
  /** The releases whose tag exists but whose images do not. */
  readonly failed: readonly FailedRelease[];
  /** The tags of which it cannot be told whether their images exist, each with the reason. */
  readonly untold: Readonly<Record<string, string>>;
}

/** The failed releases that have this remedy. */
export function failedWith<Kind extends Remedy["kind"]>(
  { failed }: Pick<WatchReport, "failed">,
  kind: Kind,
): (FailedRelease & { readonly remedy: Extract<Remedy, { kind: Kind }> })[] {
  return failed.filter(
    (release): release is FailedRelease & { remedy: Extract<Remedy, { kind: Kind }> } => release.remedy.kind === kind,
  );
}

/** The report as Markdown, for the summary of a workflow's run. */
export function toMarkdown(report: WatchReport): string {
  const { dryRun, commit, pushed, madeMeanwhile, waiting, untold } = report;
  const [push, dispatch] = dryRun ? ["Would be pushed", "Would be released again"] : ["Pushed", "Released again"];
  const sections = [
    section(`${push} for ${commit.slice(0, 12)}`, pushed.map(code)),
    section("Made by somebody else meanwhile", madeMeanwhile.map(code)),
    section("Cannot be built yet; a later run tags them", reasons(waiting)),
    section(dispatch, failedWith(report, "dispatch").map(missing)),
    section(
      "Failed, and being released again",
      failedWith(report, "under way").map((release) => `${missing(release)}: ${release.remedy.url}`),
    ),
    section("Released again by a later run", failedWith(report, "later").map(missing)),
    section(
      "Keep failing, and are not released again by themselves",
      failedWith(report, "failing").map((release) => `${missing(release)}: ${release.remedy.url}`),
    ),
    section("It cannot be told whether these are complete", reasons(untold)),
  ];
  const text = sections.filter(Boolean).join("\n\n");
  return `## Watch of Pulumi's releases${dryRun ? " (dry run)" : ""}\n\n${text || "Nothing to do."}`;
}

function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? "" : [`### ${title}`, "", ...items.map((item) => `- ${item}`)].join("\n");
}

function reasons(byName: Readonly<Record<string, string>>): string[] {
  return Object.entries(byName).map(([name, reason]) => `${code(name)}: ${reason.replace(/\s+/g, " ")}`);
}

function missing({ gitTag, missing: languages }: FailedRelease): string {
  return `${code(gitTag)} (missing: ${languages.join(", ")})`;
}

function code(text: string): string {
  return `\`${text}\``;
}
