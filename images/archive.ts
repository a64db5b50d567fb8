import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

import { Fault, messageOf } from "../lib/errors";
import { fetchWithRetry, readWhole } from "../lib/http";
import { readJson, writeJson } from "../lib/json";
import type { Platform } from "./platform";
import { type PulumiRelease, archiveName } from "./pulumiRelease";

/** A release whose archives were read. */
export interface ReadRelease extends PulumiRelease {
  /** The files of each platform's archive, sorted: the CLI, the language hosts and what belongs to them. */
  readonly files: Readonly<Partial<Record<Platform, readonly string[]>>>;
}

/** In the checkout, so that it is as trusted as the checkout. */
const cacheFolder = join(__dirname, "..", ".local", "archives");
/**
 * Lists the files of a release's archives. Each archive is downloaded once: the list is cached by its SHA-256.
 * @throws {Fault} if an archive cannot be read, or is not the one that Pulumi published
 */
export async function readArchives(release: PulumiRelease, cache = cacheFolder): Promise<ReadRelease> {
  const lists = Object.entries(release.sha256).map(async ([platform, sha256]) => {
    const url = `${release.url}/${archiveName(release.version, platform as Platform)}`;
    return [platform, await listFiles(url, sha256, join(cache, `${sha256}.json`))] as const;
  });
  return { ...release, files: Object.fromEntries(await Promise.all(lists)) };
}

async function listFiles(url: string, sha256: string, cacheFile: string): Promise<readonly string[]> {
  const cached = readJson<readonly string[]>(cacheFile);
  if (cached !== undefined) return cached;
  const files = await download(url, sha256);
  mkdirSync(dirname(cacheFile), { recursive: true });
  writeJson(cacheFile, files);
  return files;
}

async function download(url: string, sha256: string): Promise<readonly string[]> {
  const response = await fetchWithRetry(url, { read: summarize }).catch((error: unknown) => {
    throw new Fault(`${messageOf(error)}. Nothing was built. Check the network and pulumiReleases, then retry.`);
  });
  if (!response.ok) {
    throw new Fault(`Could not read ${url}: it answers ${response.status}. Nothing was built. Retry later.`);
  }
  const { files = [], ...found } = (await response.json()) as Summary;
  if (found.sha256 === sha256) return files;
  const problem = found.problem ?? `its SHA-256 is ${found.sha256} instead of ${sha256}`;
  throw new Fault(
    `${url} is not the archive that Pulumi published: ${problem}. Nothing was built. Check pulumiReleases, then retry.`,
  );
}

/** What an archive contains, or why that cannot be read. */
interface Summary {
  readonly sha256?: string;
  readonly files?: readonly string[];
  readonly problem?: string;
}

/** Replaces the body of a response, an archive, by its summary in JSON, so that it is never in memory as a whole. */
async function summarize(response: Response, progress: () => unknown): Promise<Response> {
  if (!response.ok || response.body === null) return readWhole(response);
  const sum = createHash("sha256");
  let start: Buffer = Buffer.alloc(0);
  const body = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      progress();
      if (start.length < 80) start = Buffer.concat([start, chunk]);
      sum.update(chunk);
      yield chunk;
    }
  };
  try {
    const files = await listEntries(body(response.body));
    return Response.json({ sha256: sum.digest("hex"), files } satisfies Summary);
  } catch (error) {
    // fetch's own errors: a connection that fails, and the timeout.
    if (error instanceof TypeError || error instanceof DOMException) throw error;
    const isGzip = start[0] === 0x1f && start[1] === 0x8b;
    const problem = isGzip ? messageOf(error) : `it begins with ${JSON.stringify(start.toString("latin1", 0, 80))}`;
    return Response.json({ problem } satisfies Summary);
  }
}

/** The names of the files in the folder `pulumi` of an archive, without its subfolders. */
async function listEntries(archive: AsyncIterable<Uint8Array>): Promise<string[]> {
  // Loaded only if needed: most runs find the list in the cache.
  const { extract } = await import("tar-stream");
  const files: string[] = [];
  const entries = extract().on("entry", ({ name, type }, content, next) => {
    const [, file] = /^(?:\.\/)?pulumi\/(pulumi[^/]*)$/.exec(name) ?? [];
    if (file !== undefined && type !== "directory") files.push(file);
    // An archive that ends early is also an error of its last entry. The pipeline reports it.
    content
      .on("end", next)
      .on("error", () => undefined)
      .resume();
  });
  await pipeline(archive, createGunzip(), entries);
  return files.sort();
}
