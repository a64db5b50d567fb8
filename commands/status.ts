import * as semver from "semver";

import { catalogue } from "../images/catalogue";
import { isImageTag, parseGitTag } from "../images/gitTag";
import { versionLabel } from "../images/labels";
import { repositoryUri } from "../images/repositoryUri";
import { Fault } from "../lib/errors";
import { beyondPush, findLost } from "../lib/oci/findLost";
import { RepositoryClient } from "../lib/oci/repositoryClient";
import { textTable } from "../lib/table";
import type { Target } from "./target";

/** What a tag of a language's repository serves. */
interface ServedTag {
  readonly tag: string;
  readonly language: string;
  /** X.Y.Z of the image's label; images from before this project have none. */
  readonly version: string;
  readonly digest: string;
  /** What the registry has lost of it. */
  readonly lost: readonly string[];
}

/**
 * Prints what every release tag of a target serves, newest first. Reads the registry alone, and asks it for every blob.
 * @param only this tag; all by default
 * @throws {Fault} if the registry has lost a part of an image, if the languages' `latest` are of different versions, or if one
 *   has none
 */
export async function status(target: Target, only?: string): Promise<void> {
  const registry = await target.registry();
  const languages = catalogue.map(({ name }) =>
    readTags(new RepositoryClient(repositoryUri(registry, name)), name, only),
  );
  const served = (await Promise.all(languages)).flat().sort((a, b) => compareTags(a.tag, b.tag));
  if (served.length === 0)
    throw new Fault(`Stack ${target.stack} serves no tag${only === undefined ? "" : ` ${only}`}.`);
  for (const line of textTable(served.map(({ lost, ...row }) => ({ ...row, pulls: lost.length === 0 ? "yes" : "no" }))))
    console.log(`  ${line}`);
  const problems = [...Map.groupBy(served, ({ tag }) => tag)].flatMap(([tag, rows]) => disagreement(tag, rows) ?? []);
  for (const problem of problems) console.log(`  ${problem}`);
  const latest = problems.find((problem) => problem.startsWith("latest: "));
  if (latest === undefined) console.log("  The languages agree on latest.");
  const sentences = [
    ...served.flatMap(({ tag, language, lost }) =>
      lost.length > 0 ? `${tag} of ${language} cannot be pulled: the registry has lost ${lost.join(", ")}.` : [],
    ),
  ];
  if (sentences.length > 0) {
    sentences.push("Re-release each of these tags: that pushes what is lost.", beyondPush(sentences));
  }
  if (latest !== undefined) {
    sentences.push(`The languages do not agree on ${latest}\nRe-release its latest-v tag: that finishes the others.`);
  }
  if (sentences.length > 0) throw new Fault(sentences.filter(Boolean).join("\n"));
}

async function readTags(client: RepositoryClient, language: string, only?: string): Promise<ServedTag[]> {
  const tags = (await client.tags()).filter((tag) => isImageTag(tag) && (only === undefined || tag === only));
  const rows: ServedTag[] = [];
  const seen = new Set<string>();
  // Sequential, because registries limit the requests of anonymous clients.
  for (const tag of tags) {
    const digest = await client.digest(tag);
    if (digest === undefined) continue;
    const lost = await findLost(client, digest, seen);
    // A lost config has no labels.
    const labels = lost.length > 0 ? undefined : await client.labels(digest);
    rows.push({ tag, language, version: labels?.[versionLabel] ?? "unknown", digest, lost });
  }
  return rows;
}

/** The tag `latest` first, then the newest version. */
function compareTags(a: string, b: string): number {
  const version = (tag: string) => (tag === "latest" ? "9999.0.0" : (parseGitTag(tag)?.pulumiVersion ?? "0.0.0"));
  return semver.rcompare(version(a), version(b)) || a.localeCompare(b);
}

/** Which languages serve which version under a tag; undefined if all serve the same one. */
function disagreement(tag: string, rows: readonly ServedTag[]): string | undefined {
  const versions = [...Map.groupBy(rows, ({ version }) => version)];
  const missing = catalogue.map(({ name }) => name).filter((name) => !rows.some(({ language }) => language === name));
  if (versions.length === 1 && missing.length === 0) return undefined;
  const parts = versions.map(
    ([version, of]) => `Pulumi ${version} of ${of.map(({ language }) => language).join(", ")}`,
  );
  return `${tag}: ${[...parts, ...(missing.length > 0 ? [`none of ${missing.join(", ")}`] : [])].join("; ")}.`;
}
