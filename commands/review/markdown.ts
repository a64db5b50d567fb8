import type { Release } from "../../images/gitTag";
import { markdownTable } from "../../lib/table";
import { type VersionChange, changeText } from "../inventory/contents";
import type { ImageChange } from "./imageChange";
import type { Preview, Problem } from "./pulumiPreview";

/** GitHub's comments have at most 65,536 characters, and one comment has the reviews of two stacks. */
const maxLength = 30_000;
/** The maximum number of packages listed for an image. */
const maxListedPackages = 20;

/** What a change of the checkout means for one language. */
export interface LanguageReview {
  readonly language: string;
  /** `rebuilt`: inputs change, but the digest does not. */
  readonly kind: "changed" | "rebuilt" | "same" | "new" | "removed";
  /** Whether its smoke test ran. */
  readonly tested: boolean;
  /** What changes inside the published image; undefined if nothing does. */
  readonly change: ImageChange | { readonly problem: string } | undefined;
  /** The changes of its Dockerfile and of its other inputs, as lines of a diff. */
  readonly hunks: readonly string[];
}

/** What a change of the checkout means for a stack. */
export type Review = Release & Pick<Preview, "problems"> & { readonly languages: readonly LanguageReview[] };

/** Describes a review as Markdown. The first line is the summary. */
export function reviewMarkdown({ stack, pulumiVersion, languages, problems }: Review): string {
  const title = `**Stack ${stack}, Pulumi ${pulumiVersion}:**`;
  if (problems.length > 0) return failureMarkdown(title, problems);
  const sections = [`${title} ${summary(languages)}`, ...contentSections(languages)];
  return [...sections, ...changeSections(languages, maxLength - sections.join("\n\n").length - 200)].join("\n\n");
}

function failureMarkdown(title: string, problems: readonly Problem[]): string {
  const names = problems.map(({ name }) => name).filter(Boolean);
  const budget = Math.floor((maxLength - 1000) / problems.length);
  const logs = problems.map(({ output, message }) => {
    const text = [...output, message].join("\n");
    return fence("text", text.length > budget ? `…${text.slice(-budget)}` : text);
  });
  const place = names.length > 0 ? ` of ${list(names)}` : "";
  return [`${title} the preview${place} failed, see below. Nothing was published.`, ...logs].join("\n\n");
}

function summary(languages: readonly LanguageReview[]): string {
  const [changed, same] = [named(languages, "changed"), named(languages, "same", "rebuilt")];
  const [added, removed] = [named(languages, "new"), named(languages, "removed")];
  const verb = changed.length === 1 ? "changes" : "change";
  const rest = same.length === 0 ? "" : `; ${list(same)} ${same.length === 1 ? "does" : "do"} not`;
  return [
    changed.length === 0 ? "No published image changes." : `${list(changed)} ${verb}${rest}.`,
    ...(added.length > 0 ? [`New: ${list(added)}.`] : []),
    ...(removed.length > 0 ? [`No longer released: ${list(removed)}; what is published stays.`] : []),
    smokeSentence(languages),
    "Merging publishes nothing: images are published when a tag is pushed.",
  ].join(" ");
}

function named(languages: readonly LanguageReview[], ...kinds: LanguageReview["kind"][]): string[] {
  return languages.filter(({ kind }) => kinds.includes(kind)).map(({ language }) => language);
}

function smokeSentence(languages: readonly LanguageReview[]): string {
  const ran = languages.filter(({ tested }) => tested).length;
  if (ran === 0) return "No smoke test needed to run.";
  const others = languages.filter(({ kind, tested }) => !tested && kind !== "removed").length;
  return `${ran} smoke ${ran === 1 ? "test" : "tests"} passed${others === 0 ? "" : `, ${others} did not need to run`}.`;
}

/** What changes inside the images, and why that is unknown for some. */
function contentSections(languages: readonly LanguageReview[]): string[] {
  const sizeText = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const rows = languages.flatMap(({ language: image, kind, change }) => {
    if (kind !== "changed" || change === undefined || "problem" in change) return [];
    const { platform, size } = change;
    const sizes = changeText({ before: sizeText(size.before), now: sizeText(size.now) });
    return { image, [`compressed, ${platform}`]: sizes, "tools and packages": contentText(change) };
  });
  const rebuilt = named(languages, "rebuilt");
  const problems = new Set(languages.flatMap(({ change }) => (change && "problem" in change ? change.problem : [])));
  return [
    ...(rows.length > 0 ? [markdownTable(rows)] : []),
    ...(rebuilt.length > 0 ? [`Inputs of ${list(rebuilt)} change, but the digest stays the same.`] : []),
    ...[...problems].map((text) => `Packages and sizes are unknown: ${text.replaceAll("\n", " ").slice(0, 1000)}`),
  ];
}

function contentText({ tools, packages }: ImageChange): string {
  const listed = [...packages].slice(0, maxListedPackages);
  const kinds = Map.groupBy(listed, ([, { before, now }]) => (!before ? "added" : !now ? "removed" : "updated"));
  // An added or removed package has one version.
  const text = (name: string, { before, now }: VersionChange) =>
    `${name} ${changeText({ before: before ?? now, now: now ?? before })}`;
  const texts = [...kinds].map(([kind, own]) => `${kind} ${own.map((one) => text(...one)).join(", ")}`);
  const more = packages.size - listed.length;
  const all = [
    ...[...tools].map(([name, versions]) => `${name} ${changeText(versions)}`),
    ...texts.sort(),
    ...(more > 0 ? [`and ${more} more packages`] : []),
  ];
  return all.join("; ") || "no version changes, other files do";
}

/** The changes of Dockerfiles and other inputs, each once with the languages that share it. */
function changeSections(languages: readonly LanguageReview[], limit: number): string[] {
  const sections = Map.groupBy(new Set(languages.flatMap(({ hunks }) => hunks)), (hunk) =>
    list(languages.filter(({ hunks }) => hunks.includes(hunk)).map(({ language }) => language)),
  );
  const text = [...sections].map(([names, hunks]) => `# ${names}\n${hunks.join("\n# …\n")}`).join("\n\n");
  if (text === "") return [];
  return [fence("diff", text.length > limit ? `${text.slice(0, limit)}\n# … see "Files changed" for the rest` : text)];
}

/** Longer than any fence that a Dockerfile or a log has. */
function fence(language: string, text: string): string {
  const marks = "`".repeat(8);
  return `${marks}${language}\n${text}\n${marks}`;
}

const list = (names: readonly string[]) => new Intl.ListFormat("en").format(names);
