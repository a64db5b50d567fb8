import { Fault, listProblems } from "../../lib/errors";

/** What programs and scripts find in an image of linux/amd64. */
export interface Listing {
  /** Dockerfile instructions that a user of the image notices, such as `ENV PATH`, `USER`, and their values. */
  readonly settings: Readonly<Record<string, string>>;
  /** The commands in PATH's absolute folders, sorted. */
  readonly commands: readonly string[];
}

/** The listings of a language's image: of the previous build, and of this project. */
export type Change = Readonly<Record<"before" | "after", Listing>>;

/** Commands that are gone for one reason, mostly because they belong to one package. */
export interface Group {
  readonly name: string;
  /** Names. One that ends with `*` is the start of several. */
  readonly commands: readonly string[];
  /** What to use: a sentence of Markdown, with links as from docs/migrating.md. */
  readonly instead: string;
}

/** Describes in Markdown what changes per language. @throws {Fault} for a command without a group, or the reverse */
export function describeChanges(changes: Readonly<Record<string, Change>>, groups: readonly Group[]): string {
  const all = Object.entries(changes);
  const gone = all.map(([language, change]) => [language, goneCommands(change)] as const);
  requireGroups(gone, groups);
  const commands = groups.map((group) => {
    const languages = gone.filter(([, names]) => names.some((name) => includes(group, name)));
    const names = new Set(languages.flatMap(([, own]) => own.filter((name) => includes(group, name))));
    return `- **${group.name}** (${listOf(languages)}): ${[...names].sort().map(code).join(", ")}. ${group.instead}`;
  });
  const settings = Map.groupBy(
    all.flatMap(([language, change]) => changedSettings(change).map((text) => [text, language] as const)),
    ([text]) => text,
  );
  const lines = [...settings].sort().map(([text, own]) => `- ${text} (${own.map(([, name]) => name).join(", ")})`);
  return ["**Commands**", commands.join("\n"), "**Settings**", lines.join("\n")].join("\n\n");
}

function goneCommands({ before, after }: Change): string[] {
  const kept = new Set(after.commands);
  return before.commands.filter((name) => !kept.has(name));
}

function changedSettings({ before, after }: Change): string[] {
  const names = new Set([...Object.keys(before.settings), ...Object.keys(after.settings)]);
  const changed = [...names].filter((name) => before.settings[name] !== after.settings[name]);
  return changed.map((name) => `\`${name}\`: ${value(before.settings[name])} → ${value(after.settings[name])}`);
}

function requireGroups(gone: readonly (readonly [string, readonly string[]])[], groups: readonly Group[]): void {
  const unnamed = gone.flatMap(([language, names]) => {
    const own = names.filter((name) => !groups.some((group) => includes(group, name)));
    return own.length === 0 ? [] : [`${language}: ${own.join(" ")}`];
  });
  const unused = groups.filter((group) => !gone.some(([, names]) => names.some((name) => includes(group, name))));
  const problems = [...unnamed, ...unused.map(({ name }) => `group ${name}: images have all of its commands`)];
  if (problems.length === 0) return;
  throw new Fault(
    listProblems("docs/migrating/reasons.json must have each command that is gone, and no other. Change it:", problems),
  );
}

function includes({ commands }: Group, name: string): boolean {
  return commands.some((own) => (own.endsWith("*") ? name.startsWith(own.slice(0, -1)) : name === own));
}

const code = (text: string) => `\`${text}\``;
const value = (text: string | undefined) => (text === undefined ? "not set" : code(text));
const listOf = (entries: readonly (readonly [string, unknown])[]) => entries.map(([name]) => name).join(", ");
