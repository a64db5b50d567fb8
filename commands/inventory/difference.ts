import type { Platform } from "../../images/platform";
import type { Contents } from "./contents";
import { type ImageInventory, baseOf, contentsOf, factsOf } from "./model";

/** A value that is another one than before. It is undefined where there was none, or is none any more. */
export interface Change {
  readonly name: string;
  readonly before: string | undefined;
  readonly now: string | undefined;
}

/** What has changed in an image of one platform. */
export interface Difference {
  /** Its base, tools and language hosts. */
  readonly tools: readonly Change[];
  /** Its Debian packages. None where one of both images does not list them. */
  readonly packages: readonly Change[];
}

/** What has changed from an image to the next one, by the platforms that both have. */
export function difference(before: ImageInventory, now: ImageInventory): Partial<Record<Platform, Difference>> {
  const entries = contentsOf(now).flatMap(([platform, contents]): [Platform, Difference][] => {
    const old = before.platforms[platform];
    if (old === undefined) return [];
    const tools = changes(withBase(before, old), withBase(now, contents));
    return [[platform, { tools, packages: packageChanges(old, contents) }]];
  });
  return Object.fromEntries(entries);
}

/** The names whose values differ: those of now in their order, then those that are no more. */
export function changes(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): Change[] {
  const names = new Set([...Object.keys(now), ...Object.keys(before)]);
  const all = [...names].map((name) => ({ name, before: valueOf(before, name), now: valueOf(now, name) }));
  return all.filter((change) => change.before !== change.now);
}

function withBase(image: ImageInventory, contents: Contents): Record<string, string> {
  const base = baseOf(image);
  return { ...(base === undefined ? {} : { base }), ...factsOf(contents) };
}

function packageChanges({ packages: before }: Contents, { packages: now }: Contents): Change[] {
  const areListed = [before, now].every((packages) => Object.keys(packages).length > 0);
  return areListed ? changes(before, now) : [];
}

/** A package may have the name of what every object has, such as `constructor`. */
function valueOf(values: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
