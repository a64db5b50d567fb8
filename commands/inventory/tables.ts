import { unusedText } from "../../images/hosts";
import { type Row, markdownTable, textTable } from "../../lib/table";
import type { Contents, Inventory, InventoryImage, Versions } from "./contents";
import { arrow, changeText, compare } from "./contents";
import { toolProbes } from "./probes";

/** The maximum number of packages listed: job summaries and release notes have size limits. */
const maxListedPackages = 20;

/** Lists what is inside a release and what changed since the previous one. */
export function render(inventory: Inventory, format: "markdown" | "text"): string {
  const isMarkdown = format === "markdown";
  const table = (rows: readonly Row[]) => (isMarkdown ? markdownTable(rows) : textTable(rows).join("\n"));
  const { tag, version } = inventory;
  const packages = packageRows(inventory);
  const more = packages.length - maxListedPackages;
  return [
    `${isMarkdown ? "## " : ""}Inside ${tag}${tag === "latest" ? `, which is Pulumi ${version}` : ""}`,
    table(toolRows(inventory)),
    "What a worker pulls if it has the previous release, and the whole image, compressed, in MB:",
    table(pullRows(inventory)),
    ...(packages.length > 0 ? ["Changed Debian packages:", table(packages.slice(0, maxListedPackages))] : []),
    ...(more > 0 ? [`and ${more} more.`] : []),
    notes(inventory)
      .map((line) => `${isMarkdown ? "- " : ""}${line}`)
      .join("\n"),
  ].join("\n\n");
}

/** A row for each tool, the language hosts and the number of packages, with a column for each language. */
export function toolRows({ images }: Inventory): Row[] {
  const columns = columnsOf(images, ({ tools, hosts, packages }): Versions => {
    const count = Object.keys(packages).length;
    return { ...tools, hosts: hosts.join(", "), ...(count > 0 ? { packages: String(count) } : {}) };
  });
  const tools = [...toolProbes.map(({ name }) => name), "hosts", "packages"];
  return tools
    .filter((tool) => columns.some(([, column]) => column.has(tool)))
    .map((tool) => ({ tool, ...Object.fromEntries(columns.map(([name, column]) => [name, column.get(tool) ?? ""])) }));
}

/** A row for each platform, with a column for each language: the megabytes of the layers that are new, and of all. */
export function pullRows({ images }: Inventory): Row[] {
  const all = Object.entries(images);
  const platforms = new Set(all.flatMap(([, image]) => Object.keys(image.platforms)));
  return [...platforms].sort().map((platform) => {
    return { platform, ...Object.fromEntries(all.map(([language, image]) => [language, pullText(image, platform)])) };
  });
}

function pullText({ platforms, previous }: InventoryImage, platform: string): string {
  const layers = Object.entries(platforms[platform]?.layers ?? {});
  const before = previous && "platforms" in previous ? previous.platforms[platform]?.layers : undefined;
  const megabytes = (some: typeof layers) => (some.reduce((sum, [, size]) => sum + size, 0) / 1e6).toFixed(1);
  if (layers.length === 0) return "";
  if (before === undefined) return megabytes(layers);
  return `${megabytes(layers.filter(([digest]) => !(digest in before)))} of ${megabytes(layers)}`;
}

/** A row for each changed package, with the languages in which it changed. */
export function packageRows({ images }: Inventory): Row[] {
  const columns = columnsOf(images, ({ packages }) => packages);
  const names = new Set(columns.flatMap(([, column]) => [...column.keys()]));
  return [...names].sort().flatMap((name) => {
    const changes = byText(columns, (column) => column.get(name) ?? "").filter(([change]) => change.includes(arrow));
    return changes.map(([change, own]) => ({ package: name, change, images: languages(own, columns.length) }));
  });
}

/** Each image's versions as texts, by name. Platforms that agree are shown once. */
function columnsOf(images: Inventory["images"], pick: (contents: Contents) => Versions) {
  return Object.entries(images).map(([language, { platforms, previous }]) => {
    const old = previous && "platforms" in previous ? previous.platforms : {};
    const columns = Object.entries(platforms).map(([platform, now]) => {
      const before = old[platform];
      return [platform, comparedTexts(before ? pick(before) : {}, pick(now))] as const;
    });
    const cell = (name: string) => {
      const texts = byText(columns, (column) => column.get(name) ?? "");
      if (texts.length === 1) return texts[0]?.[0] ?? "";
      return texts.map(([text, own]) => `${text || "none"} (${own.join(", ")})`).join(", ");
    };
    const names = columns.flatMap(([, column]) => [...column.keys()]);
    return [language, new Map(names.map((name) => [name, cell(name)]))] as const;
  });
}

/** Nothing is compared with an image that lists nothing: an unknown one, or the packages of one that is not Debian. */
function comparedTexts(before: Versions, now: Versions): Map<string, string> {
  const listed = [before, now].every((versions) => Object.keys(versions).length > 0);
  return new Map([...compare(listed ? before : now, now)].map(([name, versions]) => [name, changeText(versions)]));
}

/** What each image is compared with, its base and its reference, and what is left out, in lines. */
export function notes({ images, leftOut }: Inventory): string[] {
  const entries = Object.entries(images);
  const lines = [comparison, base].flatMap((describe) => {
    return byText(entries, describe).map(([text, own]) => `${languages(own, entries.length)}: ${text}`);
  });
  const references = entries.map(([, image]) => `${image.reference} for ${Object.keys(image.platforms).join(", ")}`);
  return [...lines, ...references, ...leftOutLines(leftOut)];
}

function leftOutLines(leftOut: Inventory["leftOut"]): string[] {
  if ("problem" in leftOut) return [`files of Pulumi that no image has: unknown. ${leftOut.problem}`];
  const files = unusedText(leftOut.files);
  return [
    ...(files === "" ? [] : [`files of Pulumi that no image has: ${files}`]),
    ...Object.values(leftOut.languages),
  ];
}

function comparison({ platforms, previous }: InventoryImage): string {
  if (previous === undefined) return "first release";
  if ("problem" in previous) return `not compared with ${previous.tag}: ${previous.problem.replaceAll("\n", " ")}`;
  const missing = Object.keys(platforms).filter((platform) => previous.platforms[platform] === undefined);
  const unlisted = Object.values(previous.platforms).some(({ packages }) => Object.keys(packages).length === 0);
  return [
    `compared with ${previous.tag}`,
    ...(missing.length > 0 ? [`which does not have ${missing.join(", ")}`] : []),
    ...(unlisted ? ["which lists no Debian packages"] : []),
  ].join(", ");
}

function base({ base: now = "unknown, it has no label", previous }: InventoryImage): string {
  const before = previous && "platforms" in previous ? (previous.base ?? "unknown, it has no label") : now;
  return `base ${changeText({ before, now })}`;
}

/** Puts keys whose values have the same text together. */
function byText<T>(entries: readonly (readonly [string, T])[], textOf: (value: T) => string): [string, string[]][] {
  return [...Map.groupBy(entries, ([, value]) => textOf(value))].map(([text, own]) => [text, own.map(([key]) => key)]);
}

function languages(names: readonly string[], all: number): string {
  return names.length === all && all > 1 ? "all" : names.join(", ");
}
