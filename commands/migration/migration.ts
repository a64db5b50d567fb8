import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import type { Platform } from "../../images/platform";
import { repositoryName, repositoryUri } from "../../images/repositoryUri";
import { readVariable } from "../../lib/environmentVariables";
import { Fault } from "../../lib/errors";
import { log } from "../../lib/log";
import { type Builder, builderFromEnvironment } from "../builder";
import type { Target } from "../target";
import { type Change, type Group, type Listing, describeChanges } from "./comparison";
import { platform, readListing } from "./listing";

const docs = join(__dirname, "..", "..", "docs");
const [start, end] = ["<!-- make migration writes from here -->", "<!-- to here -->"];

/**
 * Writes what changes for users of the previous build into docs/migrating.md. With TAG, lists a target's images for it first.
 * With IMAGE, only prints the list of that image, such as one of the previous build.
 * @param machine starts a builder, if neither BUILDKIT_HOST nor BUILDER names one
 */
export async function migration(
  target: () => Target,
  machine: (platforms: readonly Platform[]) => Promise<Builder>,
): Promise<void> {
  const [image, tag] = [readVariable("IMAGE"), readVariable("TAG")];
  const builder = async () => builderFromEnvironment() ?? (await machine([platform]));
  if (image !== undefined) {
    const [, repository = "", ofImage = ""] = /^(.+):([^:/]+)$/.exec(image) ?? [];
    if (repository === "") throw new Fault(`IMAGE ${JSON.stringify(image)} has no tag. Use <repository>:<tag>.`);
    console.log(toJson(await readListing(await builder(), repository, ofImage)));
    return;
  }
  if (tag !== undefined) await list(target(), tag, await builder());
  const file = join(docs, "migrating.md");
  writeFileSync(file, withChanges(readFileSync(file, "utf8"), readChanges()));
  log("migration", file);
}

/** Lists the images that a target publishes under a tag, of the languages that the previous build had. */
async function list(target: Target, tag: string, builder: Builder): Promise<void> {
  const registry = await target.registry();
  for (const language of previousLanguages()) {
    const listing = await readListing(builder, repositoryUri(registry, language), tag);
    // Without the registry, which may be this machine's.
    const image = `${repositoryName(language)}:${tag}`;
    writeFileSync(join(docs, "migrating", "after", `${language}.json`), `${toJson({ image, ...listing })}\n`);
    log(language, `${listing.commands.length} commands`);
  }
}

/** Replaces what is between the markers of docs/migrating.md. */
export function withChanges(page: string, changes: string): string {
  const [before, rest] = page.split(start);
  const [, after] = rest?.split(end) ?? [];
  if (after === undefined) throw new Fault(`docs/migrating.md must have the lines ${start} and ${end}. Restore them.`);
  return [before, start, `\n\n${changes}\n\n`, end, after].join("");
}

/** Compares the lists in docs/migrating. @throws {Fault} if they and the groups do not fit */
export function readChanges(): string {
  const read = <T>(...path: string[]) => JSON.parse(readFileSync(join(docs, "migrating", ...path), "utf8")) as T;
  const changes = previousLanguages().map((language): [string, Change] => {
    const [before, after] = ["before", "after"].map((folder) => read<Listing>(folder, `${language}.json`));
    return [language, { before, after } as Change];
  });
  return describeChanges(Object.fromEntries(changes), read<Group[]>("reasons.json"));
}

function previousLanguages(): string[] {
  return readdirSync(join(docs, "migrating", "before")).map((file) => basename(file, ".json"));
}

const toJson = (value: object) => JSON.stringify(value, null, 2);
