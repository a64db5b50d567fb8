import { markdownTable } from "../../lib/table";
import type { Comparison } from "../inventory/contents";
import { changeText } from "../inventory/tables";
import type { ImageChange } from "./imageChange";
import type { LanguageReview, Review } from "./review";
import type { Problem } from "./pulumiPreview";

/** GitHub's comments have at most 65,536 characters, and one comment has the reviews of two stacks. */
const maxLength = 30_000;

/** The maximum number of packages listed for an image. */
const maxListedPackages = 20;

/** Describes a review as Markdown. The first line is the summary. */
export function reviewMarkdown({ stack, pulumiVersion, languages, problems }: Review): string {
  const title = `**Stack ${stack}, Pulumi ${pulumiVersion}:**`;
  if (problems.length > 0) return failureMarkdown(title, problems);
  const sections = [`${title} ${summary(languages)}`, ...contentSections(languages)];
  const rest = maxLength - sections.join("\n\n").length;
  return [...sections, ...changeSections(languages, rest)].join("\n\n");
}

function failureMarkdown(title: string, problems: readonly Problem[]): string {
  const names = problems.flatMap(({ name }) => name ?? []);
  const place = names.length > 0 ? ` of ${list(names)}` : "";
  const budget = Math.floor((maxLength - 1000) / problems.length);
  const logs = problems.map(({ output, message }) => {
    const text = [...output, message].join("\n");
    return fence("text", text.length > budget ? `…${text.slice(-budget)}` : text);
  });
  return [`${title} the preview${place} failed, see below. Nothing was published.`, ...logs].join("\n\n");
}

function summary(languages: readonly LanguageReview[]): string {
  const named = (...kinds: LanguageReview["kind"][]) =>
    languages.filter(({ kind }) => kinds.includes(kind)).map(({ language }) => language);
  const [changed, same, added, removed] = [named("changed"), named("same", "rebuilt"), named("new"), named("removed")];
  return [
    changesSentence(changed, same),
    ...(added.length > 0 ? [`New: ${list(added)}.`] : []),
    ...(removed.length > 0 ? [`No longer released: ${list(removed)}; what is published stays.`] : []),
    smokeSentence(languages),
    "Merging publishes nothing: images are published when a tag is pushed.",
  ].join(" ");
}

function changesSentence(changed: readonly string[], same: readonly string[]): string {
  if (changed.length === 0) return "No published image changes.";
  const verb = changed.length === 1 ? "changes" : "change";
  if (same.length === 0) return `${list(changed)} ${verb}.`;
  return `${list(changed)} ${verb}; ${list(same)} ${same.length === 1 ? "does" : "do"} not.`;
}

function smokeSentence(languages: readonly LanguageReview[]): string {
  const ran = languages.filter(({ tested }) => tested).length;
  if (ran === 0) return "No smoke test had to run.";
  const others = languages.filter(({ kind, tested }) => !tested && kind !== "removed").length;
  const passed = `${ran} smoke ${ran === 1 ? "test" : "tests"} passed`;
  return others === 0 ? `${passed}.` : `${passed}, ${others} did not have to run.`;
}

/** What changes inside the images, and why that is unknown for some. */
function contentSections(languages: readonly LanguageReview[]): string[] {
  const known = languages.flatMap(({ language, kind, change }) =>
    kind === "changed" && change !== undefined && "size" in change ? [{ language, change }] : [],
  );
  const rows = known.map(({ language, change }) => ({
    image: language,
    [`compressed, ${known[0]?.change.platform}`]: sizeText(change.size),
    "tools and packages": contentText(change),
  }));
  const rebuilt = languages.filter(({ kind }) => kind === "rebuilt").map(({ language }) => language);
  const problems = new Set(languages.flatMap(({ change }) => (change && "problem" in change ? [change.problem] : [])));
  return [
    ...(rows.length > 0 ? [markdownTable(rows)] : []),
    ...(rebuilt.length > 0 ? [`Inputs of ${list(rebuilt)} change, but the digest stays the same.`] : []),
    ...[...problems].map(
      (problem) => `Packages and sizes are unknown: ${problem.replaceAll("\n", " ").slice(0, 1000)}`,
    ),
  ];
}

function sizeText({ before, now }: ImageChange["size"]): string {
  const [old, current] = [before, now].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
  return changeText({ before: old, now: current });
}

function contentText({ tools, packages }: ImageChange): string {
  const kinds = {
    added: ({ before }: Comparison) => before === undefined,
    removed: ({ now }: Comparison) => now === undefined,
    updated: ({ before, now }: Comparison) => before !== undefined && now !== undefined,
  };
  const listed = [...packages].slice(0, maxListedPackages);
  const texts = Object.entries(kinds).flatMap(([kind, matches]) => {
    const own = listed.filter(([, versions]) => matches(versions));
    const names = own.map(([name, { before, now }]) => {
      return `${name} ${before === undefined ? now : now === undefined ? before : changeText({ before, now })}`;
    });
    return own.length > 0 ? [`${kind} ${names.join(", ")}`] : [];
  });
  const more = packages.size - listed.length;
  return (
    [
      ...[...tools].map(([name, versions]) => `${name} ${changeText(versions)}`),
      ...texts,
      ...(more > 0 ? [`and ${more} more packages`] : []),
    ].join("; ") || "no version changes, other files do"
  );
}

/** The changes of Dockerfiles and other inputs, each once with the languages that share it. */
function changeSections(languages: readonly LanguageReview[], budget: number): string[] {
  const groups = new Map<string, string[]>();
  for (const { language, hunks } of languages) {
    for (const hunk of hunks) groups.set(hunk, [...(groups.get(hunk) ?? []), language]);
  }
  const sections = new Map<string, string[]>();
  for (const [hunk, names] of groups) sections.set(list(names), [...(sections.get(list(names)) ?? []), hunk]);
  const text = [...sections].map(([names, hunks]) => `# ${names}\n${hunks.join("\n# …\n")}`).join("\n\n");
  if (text === "") return [];
  const limit = budget - 200;
  return [fence("diff", text.length > limit ? `${text.slice(0, limit)}\n# … see "Files changed" for the rest` : text)];
}

/** Longer than any fence that a Dockerfile or a log has. */
function fence(language: string, text: string): string {
  const marks = "`".repeat(8);
  return `${marks}${language}\n${text}\n${marks}`;
}

function list(names: readonly string[]): string {
  return new Intl.ListFormat("en").format(names);
}
