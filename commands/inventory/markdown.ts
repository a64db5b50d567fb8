import type { Platform } from "../../images/platform";
import { type Row, markdownTable } from "../../lib/table";
import type { Contents } from "./contents";
import { type Change, type Difference, difference } from "./difference";
import {
  type Before,
  type ImageInventory,
  type Inventory,
  type Place,
  baseOf,
  contentsOf,
  factsOf,
  placesOf,
} from "./model";
import { toolProbes } from "./probes";

/** Longer than this, a list of packages says how many more there are: job summaries and release notes have a limit. */
const packagesAtMost = 20;

/** What is inside a release and what has changed since the one before, for a job's summary and for release notes. */
export function inventoryMarkdown(manifest: Inventory, before: Readonly<Record<string, Before>>): string {
  const { tag, version, images } = manifest;
  return [
    `## Inside ${tag}${tag === "latest" ? `, which is Pulumi ${version}` : ""}`,
    markdownTable(toolRows(manifest)),
    list([...baseLines(manifest), ...referenceLines(images)]),
    `### Since the release before`,
    ...changesMarkdown(manifest, before),
  ].join("\n\n");
}

/** A row for each tool, with a column for each image. Platforms that agree are shown once. */
export function toolRows({ images }: Inventory): Row[] {
  const names = tableOrder(new Set(facts(images).map(({ what: [name = ""] }) => name)));
  return names.map((tool) => {
    const cells = Object.entries(images).map(([language, image]) => [language, cell(image, tool)] as const);
    return { tool, ...Object.fromEntries(cells) };
  });
}

/** A row for each tool and version, with the images that have it: narrow enough for a terminal. */
export function versionRows({ images }: Inventory): Row[] {
  const all = placesOf(images);
  return sorted(group(facts(images)), tableOrder).map(({ what: [tool = "", version = ""], places }) => {
    return { tool, version, images: where(places, all) };
  });
}

/** A row for each changed tool, or package, with the images in which it has changed. */
export function changeRows(
  of: "tools" | "packages",
  { images }: Inventory,
  before: Readonly<Record<string, Before>>,
): Row[] {
  const found = Object.entries(images).flatMap(([language, image]) => {
    const differences = Object.entries(differenceFrom(before[language], image)) as [Platform, Difference][];
    return differences.flatMap(([platform, changed]) =>
      changed[of].map((change) => ({ what: columns(change), place: { language, platform } })),
    );
  });
  const all = placesOf(images);
  return sorted(group(found), of === "tools" ? tableOrder : alphabetical).map(
    ({ what: [name = "", old = "", now = ""], places }) => {
      return { [of === "tools" ? "tool" : "package"]: name, before: old, now, images: where(places, all) };
    },
  );
}

function differenceFrom(before: Before, now: ImageInventory): ReturnType<typeof difference> {
  return before === undefined || "untold" in before ? {} : difference(before.image, now);
}

/** What the images were built from, in lines. */
export function baseLines({ images }: Inventory): string[] {
  const all = placesOf(images);
  const bases = all.map((place) => {
    const image = images[place.language];
    return { what: [(image && baseOf(image)) ?? "not told by labels"], place };
  });
  return group(bases).map(({ what: [base = ""], places }) => `base of ${where(places, all)}: ${base}`);
}

/** Which release every image is compared with, in lines. */
export function beforeLines({ images }: Inventory, before: Readonly<Record<string, Before>>): string[] {
  const found = placesOf(images).map((place) => ({ what: [compared(before[place.language], place)], place }));
  const all = placesOf(images);
  return group(found).map(({ what: [sentence = ""], places }) => `${where(places, all)}: ${sentence}`);
}

function compared(before: Before, { platform }: Place): string {
  if (before === undefined) return "first release";
  if ("untold" in before) return `not compared with ${before.tag}: ${before.untold.split("\n").join(" ")}`;
  const contents = before.image.platforms[platform];
  if (contents === undefined) return `first release, ${before.tag} does not have it`;
  const listed = Object.keys(contents.packages).length > 0;
  return `compared with ${before.tag}${listed ? "" : ", which lists no Debian packages"}`;
}

function changesMarkdown(manifest: Inventory, before: Readonly<Record<string, Before>>): string[] {
  const isCompared = Object.values(before).some((old) => old !== undefined && "image" in old);
  const tools = changeRows("tools", manifest, before);
  const packages = changeRows("packages", manifest, before);
  const shown = packages.slice(0, packagesAtMost);
  const more = packages.length - shown.length;
  return [
    list(beforeLines(manifest, before)),
    ...(tools.length === 0 ? [] : [markdownTable(tools)]),
    ...(isCompared && tools.length === 0 ? ["No tool has changed."] : []),
    ...(shown.length === 0 ? [] : [`Debian packages that have changed: ${packages.length}`, markdownTable(shown)]),
    ...(more === 0 ? [] : [`and ${more} more.`]),
  ];
}

function columns({ name, before, now }: Change): string[] {
  return [name, before ?? "none", now ?? "none"];
}

function referenceLines(images: Inventory["images"]): string[] {
  return Object.values(images).map((image) => {
    const platforms = contentsOf(image).map(([platform]) => platform);
    return `${image.reference} for ${platforms.join(", ")}`;
  });
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}

/** Something that is so in a place. */
interface Entry {
  readonly what: readonly string[];
  readonly place: Place;
}

/** What is in each place. */
function facts(images: Inventory["images"]): Entry[] {
  return Object.entries(images).flatMap(([language, image]) =>
    contentsOf(image).flatMap(([platform, contents]) =>
      Object.entries(valuesOf(contents)).map((what) => ({ what, place: { language, platform } })),
    ),
  );
}

/** The values of a table: with the number of packages, and without the base, which is too long for a cell. */
function valuesOf(contents: Contents): Record<string, string> {
  return { ...factsOf(contents), packages: String(Object.keys(contents.packages).length) };
}

function cell(image: ImageInventory, name: string): string {
  const values = contentsOf(image).map(([platform, contents]) => ({ platform, value: valuesOf(contents)[name] ?? "" }));
  const [first] = values;
  if (values.every(({ value }) => value === first?.value)) return first?.value ?? "";
  return values.map(({ platform, value }) => `${value || "none"} (${platform})`).join(", ");
}

/** Something that is so in some places. */
interface Group {
  readonly what: readonly string[];
  readonly places: Place[];
}

/** Puts together what is the same in several places, in the order in which it first comes. */
function group(entries: readonly Entry[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { what, place } of entries) {
    const key = JSON.stringify(what);
    const found = groups.get(key) ?? { what, places: [] };
    groups.set(key, found);
    found.places.push(place);
  }
  return [...groups.values()];
}

/** Sorts by the name, which what is so begins with. */
function sorted(groups: readonly Group[], inOrder: (names: ReadonlySet<string>) => string[]): Group[] {
  const names = inOrder(new Set(groups.map(({ what: [name = ""] }) => name)));
  return names.flatMap((name) => groups.filter(({ what }) => what[0] === name));
}

/** Names places: `all`, or their languages, each with its platforms where it is not all of them. */
function where(places: readonly Place[], all: readonly Place[]): string {
  const languages = [...new Set(places.map(({ language }) => language))];
  if (places.length === all.length && languages.length > 1) return "all";
  return languages
    .map((language) => {
      const [own, every] = [places, all].map((some) => some.filter((place) => place.language === language));
      if (own?.length === every?.length) return language;
      return `${language} (${own?.map(({ platform }) => platform).join(", ")})`;
    })
    .join(", ");
}

const order = ["base", "pulumi", "hosts", ...toolProbes.map(({ name }) => name)];

/** The order of the probes, with the hosts after Pulumi. What is unknown, as of an older manifest, comes last. */
function tableOrder(names: ReadonlySet<string>): string[] {
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...names].sort((a, b) => rank(a) - rank(b));
}

function alphabetical(names: ReadonlySet<string>): string[] {
  return [...names].sort();
}
