import type { Platform } from "../../images/platform";
import { type Row, markdownTable, textTable } from "../../lib/table";
import { type Comparison, type Contents, type Versions, compare } from "./contents";
import type { Inventory } from "./inventory";
import { toolProbes } from "./probes";

type Image = Inventory["images"][string];

/** The maximum number of packages listed: job summaries and release notes have size limits. */
const maxListedPackages = 20;

const formats = {
  markdown: { heading: "## ", item: "- ", table: markdownTable },
  text: { heading: "", item: "", table: (rows: readonly Row[]) => textTable(rows).join("\n") },
} as const;

/** Lists what is inside a release and what changed since the previous one. */
export function render(inventory: Inventory, format: keyof typeof formats): string {
  const { heading, item, table } = formats[format];
  const { tag, version } = inventory;
  const packages = packageRows(inventory);
  const more = packages.length - maxListedPackages;
  return [
    `${heading}Inside ${tag}${tag === "latest" ? `, which is Pulumi ${version}` : ""}`,
    table(toolRows(inventory)),
    ...(packages.length > 0 ? ["Changed Debian packages:", table(packages.slice(0, maxListedPackages))] : []),
    ...(more > 0 ? [`and ${more} more.`] : []),
    notes(inventory)
      .map((line) => `${item}${line}`)
      .join("\n"),
  ].join("\n\n");
}

/** A row for each tool, the language hosts and the number of packages, with a column for each language. */
export function toolRows({ images }: Inventory): Row[] {
  const columns = Object.entries(images).map(([language, image]) => [language, cells(image, summary)] as const);
  const order = [...toolProbes.map(({ name }) => name), "hosts", "packages"];
  const found = order.filter((name) => columns.some(([, column]) => column.has(name)));
  return found.map((tool) => ({
    tool,
    ...Object.fromEntries(columns.map(([language, column]) => [language, column.get(tool) ?? ""])),
  }));
}

function summary({ tools, hosts, packages }: Contents): Versions {
  const count = Object.keys(packages).length;
  return { ...tools, hosts: hosts.join(", "), ...(count > 0 ? { packages: String(count) } : {}) };
}

/** A row for each changed package, with the languages in which it changed. */
export function packageRows({ images }: Inventory): Row[] {
  const columns = Object.entries(images).map(([language, image]) => {
    const changed = [...cells(image, ({ packages }) => packages)].filter(([, text]) => text.includes(arrow));
    return [language, new Map(changed)] as const;
  });
  const names = [...new Set(columns.flatMap(([, column]) => [...column.keys()]))].sort();
  return names.flatMap((name) => {
    const texts = columns.flatMap(([language, column]) => {
      const text = column.get(name);
      return text === undefined ? [] : [[language, text] as const];
    });
    return group(texts, columns.length).map(([languages, change]) => ({ package: name, change, images: languages }));
  });
}

const arrow = " → ";

/** A version, or what it changed from and to. */
export function changeText({ before, now }: Comparison): string {
  return before === now ? (now ?? "") : [before ?? "none", now ?? "none"].join(arrow);
}

/** An image's versions as texts, by name. Platforms that agree are shown once. */
function cells(image: Image, pick: (contents: Contents) => Versions): Map<string, string> {
  const columns = platformsOf(image).map(([platform, now]) => {
    const before = previousOf(image, platform);
    return [platform, comparedTexts(before === undefined ? {} : pick(before), pick(now))] as const;
  });
  const names = [...new Set(columns.flatMap(([, column]) => [...column.keys()]))];
  return new Map(
    names.map((name) => {
      const texts = columns.map(([platform, column]) => [platform, column.get(name) ?? ""] as const);
      const agree = new Set(texts.map(([, text]) => text)).size === 1;
      const all = texts.map(([platform, text]) => `${text || "none"} (${platform})`).join(", ");
      return [name, agree ? (texts[0]?.[1] ?? "") : all];
    }),
  );
}

/** Nothing is compared with an image that lists nothing: an unknown one, or the packages of one that is not Debian. */
function comparedTexts(before: Versions, now: Versions): Map<string, string> {
  const listed = [before, now].every((versions) => Object.keys(versions).length > 0);
  return new Map([...compare(listed ? before : now, now)].map(([name, versions]) => [name, changeText(versions)]));
}

function platformsOf({ platforms }: Image): [Platform, Contents][] {
  return Object.entries(platforms) as [Platform, Contents][];
}

function previousOf({ previous }: Image, platform: Platform): Contents | undefined {
  return previous !== undefined && "platforms" in previous ? previous.platforms[platform] : undefined;
}

/** What each image is compared with, its base and its reference, in lines. */
export function notes({ images }: Inventory): string[] {
  const entries = Object.entries(images);
  const lines = [comparison, base].flatMap((describe) => {
    const texts = entries.map(([language, image]) => [language, describe(image)] as const);
    return group(texts, entries.length).map(([languages, text]) => `${languages}: ${text}`);
  });
  const references = entries.map(([, image]) => {
    const platforms = platformsOf(image).map(([platform]) => platform);
    return `${image.reference} for ${platforms.join(", ")}`;
  });
  return [...lines, ...references];
}

function comparison(image: Image): string {
  const { previous } = image;
  if (previous === undefined) return "first release";
  if ("problem" in previous) return `not compared with ${previous.tag}: ${previous.problem.replaceAll("\n", " ")}`;
  const missing = platformsOf(image).filter(([platform]) => previous.platforms[platform] === undefined);
  const unlisted = Object.values(previous.platforms).some(({ packages }) => Object.keys(packages).length === 0);
  return [
    `compared with ${previous.tag}`,
    ...(missing.length > 0 ? [`which does not have ${missing.map(([platform]) => platform).join(", ")}`] : []),
    ...(unlisted ? ["which lists no Debian packages"] : []),
  ].join(", ");
}

const unknownBase = "unknown, it has no label";

function base({ base: now = unknownBase, previous }: Image): string {
  const before = previous !== undefined && "platforms" in previous ? (previous.base ?? unknownBase) : now;
  return `base ${changeText({ before, now })}`;
}

/** Puts languages with the same text together: their names, or "all". */
function group(texts: readonly (readonly [language: string, text: string])[], all: number): [string, string][] {
  const groups = new Map<string, string[]>();
  for (const [language, text] of texts) groups.set(text, [...(groups.get(text) ?? []), language]);
  return [...groups].map(([text, languages]) => {
    return [languages.length === all && all > 1 ? "all" : languages.join(", "), text];
  });
}
